"""Deploys lambdas/template.yaml with CloudFormation, to the local AWS or to the real one."""

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
# AWS throttles callers that poll more often.
_LAST_POLL_SECONDS = 3.0
# All properties of a bucket after its name, which is the first one: lines with the same or a deeper indentation.
_BUCKET_PROPERTIES = re.compile(r"^(      BucketName: \".*\n)(?:      .*\n)+", re.MULTILINE)
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
# A stack whose creation failed can only be deleted. Buckets and dead letters stay, because the template retains them.
_CREATION_FAILED = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})


class DeployFailed(RuntimeError):
    """CloudFormation refused the stack, or the stack is in a failed state; the message has the reasons."""


@dataclass(frozen=True, kw_only=True)
class StackParameters:
    """Parameters of a deployment of the image pipeline."""

    service_address: str
    """host:port at which the functions reach the media service."""
    service_token: str = field(repr=False)
    """Bearer token of the service role with the scope media.register."""
    service_tls: bool = True
    """True if the functions use TLS for the service."""
    upload_bucket: str = "marquee-uploads"
    """Bucket for the uploads of clients."""
    rendition_bucket: str = "marquee-renditions"
    """Bucket for the renditions."""
    code_bucket: str = "marquee-code"
    """Bucket for the functions' zip; created if missing."""
    allow_public_renditions: bool = False
    """True if everyone may GET renditions directly from the bucket."""
    require_tls: bool = True
    """True if the upload bucket refuses requests without TLS."""
    architecture: str = "arm64"
    """Processor for which the zip was built: arm64 or x86_64."""


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """Outputs of the template."""

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

    Idempotent: a stack that already matches does not change, and a changed zip or parameter updates the stack. If the
    stack is lost, as in the local AWS after a kill, it is created again with the buckets that still exist. Raises
    DeployFailed, also after `timeout` seconds.
    """
    s3 = session.client("s3", endpoint_url=endpoint_url)
    stacks = session.client("cloudformation", endpoint_url=endpoint_url)
    key = _upload_code(s3, bucket=parameters.code_bucket, code=code, region=session.region_name)
    values = _template_parameters(parameters, code_key=key)
    deadline = time.monotonic() + timeout
    _wait_until_settled(stacks, stack_name, deadline=deadline)
    if _status(stacks, stack_name) in _CREATION_FAILED:
        stacks.delete_stack(StackName=stack_name)
        _wait_until_settled(stacks, stack_name, deadline=deadline)
    body = _with_literal_names(template, parameters)
    buckets = (parameters.upload_bucket, parameters.rendition_bucket)
    try:
        status = _status(stacks, stack_name)
        if status is None and any(_bucket_exists(s3, bucket) for bucket in buckets):
            request = _request(stack_name, body=_with_bare_buckets(body), values=values)
            _import_buckets(stacks, request, deadline=deadline)
            status = _wait_until_settled(stacks, stack_name, deadline=deadline)
        _create_or_update(stacks, status, _request(stack_name, body=body, values=values))
    except ClientError as error:
        raise DeployFailed(f"stack {stack_name}: {error.response['Error']['Message']}") from error
    _wait_until_settled(stacks, stack_name, deadline=deadline)
    return _outputs(stacks, stack_name)


def _upload_code(s3: "S3Client", *, bucket: str, code: Path, region: str) -> str:
    """Uploads the zip under a key that contains its hash, unless it exists already; returns the key."""
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
        # us-east-1 is the one region that must not be named. Any, because the stubs allow only the known regions.
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
    """Returns the template's text with literal bucket names, which CloudFormation requires to import a bucket."""
    body = template.read_text(encoding="utf-8")
    for reference, name in (
        ("UploadBucketName", parameters.upload_bucket),
        ("RenditionBucketName", parameters.rendition_bucket),
    ):
        body = body.replace(f"BucketName: !Ref {reference}\n", f"BucketName: {json.dumps(name)}\n")
    return body


def _with_bare_buckets(body: str) -> str:
    """Returns the template's text with only a name for each bucket.

    An import does not change a bucket, and an update applies only the differences between two templates. So a bucket
    is imported without properties, and the update to the whole template then sets all of them.
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
        with _no_changes_ignored():
            stacks.update_stack(**request)


def _import_buckets(stacks: "CloudFormationClient", request: dict[str, Any], *, deadline: float) -> None:
    """Creates the stack with buckets that already exist, which only a change set can do."""
    created = stacks.create_change_set(
        **request,
        ChangeSetName="import",
        ChangeSetType="CREATE",
        ImportExistingResources=True,
        # ministack's validation reports every imported bucket as a conflict.
        DisableValidation=True,
    )
    pause = _FIRST_POLL_SECONDS
    while (change := stacks.describe_change_set(ChangeSetName=created["Id"]))["Status"] != "CREATE_COMPLETE":
        if change["Status"] == "FAILED" or time.monotonic() > deadline:
            reason = change.get("StatusReason", change["Status"])
            stacks.delete_change_set(ChangeSetName=created["Id"])
            raise DeployFailed(f"stack {request['StackName']}: {reason}")
        time.sleep(pause)
        pause = min(pause * 1.5, _LAST_POLL_SECONDS)
    stacks.execute_change_set(ChangeSetName=created["Id"])


@contextlib.contextmanager
def _no_changes_ignored() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        # CloudFormation has no separate error code for it.
        if "No updates are to be performed" not in error.response["Error"]["Message"]:
            raise


def _status(stacks: "CloudFormationClient", name: str) -> str | None:
    """Returns the stack's status, None if there is no such stack."""
    try:
        found = stacks.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    status = found[0]["StackStatus"]
    # A change set that was never executed leaves an empty stack in review.
    return None if status in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS") else status


def _wait_until_settled(stacks: "CloudFormationClient", name: str, *, deadline: float) -> str | None:
    """Waits until no operation is in progress and returns the status."""
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
