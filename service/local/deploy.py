"""Deploys lambdas/template.yaml with CloudFormation, to the local AWS and to the real one alike."""

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_s3 import S3Client

_FIRST_POLL_SECONDS = 0.05
# AWS throttles those who ask more often.
_LAST_POLL_SECONDS = 3.0
# Everything of a bucket's properties behind its name, which stands first: deeper or equally deep lines.
_BUCKET_PROPERTIES = re.compile(r"^(      BucketName: \".*\n)(?:      .*\n)+", re.MULTILINE)
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
# A stack whose creation failed can only be deleted. The buckets and dead letters stay: the template retains
# them.
_HOPELESS = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})


class DeployFailed(RuntimeError):
    """CloudFormation refused the stack or ended it in a failed state; the message gives its reasons."""


@dataclass(frozen=True, kw_only=True)
class StackParameters:
    """What a deployment decides about the image pipeline."""

    service_address: str
    """host:port of the media service, as the function reaches it."""
    service_token: str = field(repr=False)
    """Bearer token of the service role with the scope media.register."""
    service_tls: bool = True
    """Whether the function speaks TLS to the service."""
    upload_bucket: str = "marquee-uploads"
    """Bucket that clients upload into."""
    rendition_bucket: str = "marquee-renditions"
    """Bucket that holds the renditions."""
    code_bucket: str = "marquee-code"
    """Bucket that the function's zip is uploaded to; made when missing."""
    allow_public_renditions: bool = False
    """Whether anyone may GET renditions straight from the bucket."""
    require_tls: bool = True
    """Whether the upload bucket refuses requests without TLS."""
    architecture: str = "arm64"
    """Processor that the zip was built for: arm64 or x86_64."""


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """The template's outputs."""

    upload_bucket: str
    rendition_bucket: str
    queue_url: str
    dead_letter_queue_url: str
    removal_queue_url: str
    removal_dead_letter_queue_url: str
    function_name: str
    forget_function_name: str


def deploy(
    parameters: StackParameters,
    *,
    session: boto3.Session,
    template: Path,
    code: Path,
    endpoint_url: str | None = None,
    stack_name: str = "marquee-media",
    timeout: float = 300.0,
) -> DeployedStack:
    """Makes the stack match the template, the zip `code` and the parameters, and returns its outputs.

    Idempotent: a stack that matches already is left as it is, a changed zip or parameter updates it, one that
    was lost (the local AWS after a kill) is made again around the buckets that are still there. Raises
    DeployFailed, also when it takes longer than `timeout` seconds.
    """
    s3 = session.client("s3", endpoint_url=endpoint_url)
    stacks = session.client("cloudformation", endpoint_url=endpoint_url)
    key = _upload_code(s3, bucket=parameters.code_bucket, code=code, region=session.region_name)
    values = _template_parameters(parameters, code_key=key)
    deadline = time.monotonic() + timeout
    _await_settled(stacks, stack_name, deadline=deadline)
    if _status(stacks, stack_name) in _HOPELESS:
        stacks.delete_stack(StackName=stack_name)
        _await_settled(stacks, stack_name, deadline=deadline)
    body = _with_literal_names(template, parameters)
    buckets = (parameters.upload_bucket, parameters.rendition_bucket)
    try:
        status = _status(stacks, stack_name)
        if status is None and any(_bucket_exists(s3, bucket) for bucket in buckets):
            request = _request(stack_name, body=_with_bare_buckets(body), values=values)
            _adopt(stacks, request, deadline=deadline)
            status = _await_settled(stacks, stack_name, deadline=deadline)
        _create_or_update(stacks, status, _request(stack_name, body=body, values=values))
    except ClientError as error:
        raise DeployFailed(f"stack {stack_name}: {error.response['Error']['Message']}") from error
    _await_settled(stacks, stack_name, deadline=deadline)
    return _outputs(stacks, stack_name)


def _upload_code(s3: "S3Client", *, bucket: str, code: Path, region: str) -> str:
    """Uploads the zip under a key with its hash, unless it is there, and returns the key."""
    data = code.read_bytes()
    key = f"functions/{hashlib.sha256(data).hexdigest()}.zip"
    _ensure_bucket(s3, bucket, region=region)
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType="application/zip")
    return key


def _bucket_exists(s3: "S3Client", bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        return False
    return True


def _ensure_bucket(s3: "S3Client", bucket: str, *, region: str) -> None:
    if not _bucket_exists(s3, bucket):
        # us-east-1 is the one region that must not be named; the type stubs list those they know.
        location: Any = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else location))
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )


def _template_parameters(parameters: StackParameters, *, code_key: str) -> dict[str, str]:
    return {
        "UploadBucketName": parameters.upload_bucket,
        "RenditionBucketName": parameters.rendition_bucket,
        "AllowPublicRenditions": _flag(parameters.allow_public_renditions),
        "RequireTls": _flag(parameters.require_tls),
        "CodeBucket": parameters.code_bucket,
        "CodeKey": code_key,
        "Architecture": parameters.architecture,
        "ServiceAddress": parameters.service_address,
        "ServiceToken": parameters.service_token,
        "ServiceTls": _flag(parameters.service_tls),
    }


def _with_literal_names(template: Path, parameters: StackParameters) -> str:
    """Returns the template's text with the buckets' names written out: only such a bucket can be taken in."""
    body = template.read_text(encoding="utf-8")
    for reference, name in (
        ("UploadBucketName", parameters.upload_bucket),
        ("RenditionBucketName", parameters.rendition_bucket),
    ):
        body = body.replace(f"BucketName: !Ref {reference}\n", f"BucketName: {json.dumps(name)}\n")
    return body


def _with_bare_buckets(body: str) -> str:
    """Returns the template's text with nothing said of the buckets but their names.

    Taking a bucket in leaves it as it is, and an update applies only what differs from the stack's template. So a
    bucket is taken in bare, and the update to the whole template then sets all its properties.
    """
    return _BUCKET_PROPERTIES.sub(r"\1", body)


def _flag(value: bool) -> str:  # noqa: FBT001 - a conversion
    return "true" if value else "false"


def _request(name: str, *, body: str, values: dict[str, str]) -> dict[str, Any]:
    return {
        "StackName": name,
        "TemplateBody": body,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        "Capabilities": _CAPABILITIES,
    }


def _create_or_update(stacks: "CloudFormationClient", status: str | None, request: dict[str, Any]) -> None:
    if status is None:
        stacks.create_stack(**request)
    else:
        with _no_changes_is_fine():
            stacks.update_stack(**request)


def _adopt(stacks: "CloudFormationClient", request: dict[str, Any], *, deadline: float) -> None:
    """Creates the stack around buckets that are there already, as a change set alone can."""
    made = stacks.create_change_set(
        **request,
        ChangeSetName="adopt",
        ChangeSetType="CREATE",
        ImportExistingResources=True,
        # ministack's validation would call a bucket that is to be taken in a conflict.
        DisableValidation=True,
    )
    pause = _FIRST_POLL_SECONDS
    while (change := stacks.describe_change_set(ChangeSetName=made["Id"]))["Status"] != "CREATE_COMPLETE":
        if change["Status"] == "FAILED" or time.monotonic() > deadline:
            reason = change.get("StatusReason", change["Status"])
            stacks.delete_change_set(ChangeSetName=made["Id"])
            raise DeployFailed(f"stack {request['StackName']}: {reason}")
        time.sleep(pause)
        pause = min(pause * 1.5, _LAST_POLL_SECONDS)
    stacks.execute_change_set(ChangeSetName=made["Id"])


@contextlib.contextmanager
def _no_changes_is_fine() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        # CloudFormation has no code of its own for it.
        if "No updates are to be performed" not in error.response["Error"]["Message"]:
            raise


def _status(stacks: "CloudFormationClient", name: str) -> str | None:
    """Returns the stack's status, None when there is no such stack."""
    try:
        found = stacks.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    status = found[0]["StackStatus"]
    # A change set that was never executed leaves a stack of nothing in review.
    return None if status in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS") else status


def _await_settled(stacks: "CloudFormationClient", name: str, *, deadline: float) -> str | None:
    """Waits until nothing is in progress and returns the status."""
    pause = _FIRST_POLL_SECONDS
    while (status := _status(stacks, name)) is not None and status.endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeployFailed(f"stack {name}: still {status}")
        time.sleep(pause)
        pause = min(pause * 1.5, _LAST_POLL_SECONDS)
    return status


def _outputs(stacks: "CloudFormationClient", name: str) -> DeployedStack:
    stack = stacks.describe_stacks(StackName=name)["Stacks"][0]
    if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeployFailed(f"stack {name}: {stack['StackStatus']}: {_failures(stacks, name)}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return DeployedStack(
        upload_bucket=outputs["UploadBucket"],
        rendition_bucket=outputs["RenditionBucket"],
        queue_url=outputs["QueueUrl"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
        removal_queue_url=outputs["RemovalQueueUrl"],
        removal_dead_letter_queue_url=outputs["RemovalDeadLetterQueueUrl"],
        function_name=outputs["FunctionName"],
        forget_function_name=outputs["ForgetFunctionName"],
    )


def _failures(stacks: "CloudFormationClient", name: str) -> str:
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
    return "; ".join(
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', '')}" for event in failed[:5]
    )
