"""The real local AWS: its access control, its data after stops and kills, and the image pipeline end to end."""

import hashlib
import json
import os
import secrets
import signal
import stat
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import boto3
import psutil
import pytest
import urllib3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from marquee.media.v1 import media_pb2

from service.local.aws import AwsNotReady, LocalAws
from service.local.deploy import DeployedStack, DeployFailed, StackParameters, deploy
from service.supervisor.ports import PortInUse, free_port
from tests.lambdas import images
from tests.lambdas.fakes import MediaServiceRecorder, media_service

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_ROOT = Path(__file__).parents[2]
_TEMPLATE = _ROOT / "lambdas" / "template.yaml"
_PYTHON = Path(os.environ.get("MARQUEE_MINISTACK_PYTHON", _ROOT / ".venv-ministack" / "bin" / "python"))
_TOKEN = "token-of-the-service-role"
_DEADLINE = 20.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Stack:
    """A running local AWS with the deployed template, and a service that records the results."""

    aws: LocalAws
    service: MediaServiceRecorder
    code: Path
    outputs: DeployedStack

    @property
    def s3(self) -> "S3Client":
        return self.aws.session().client("s3", endpoint_url=self.aws.endpoint_url)

    def deploy(self, *, code: Path | None = None, token: str = _TOKEN) -> DeployedStack:
        return _deploy(self.aws, self.service, code=code or self.code, token=token)

    def upload(self, data: bytes, *, content_type: str = "image/png", sha256: str | None = None) -> str:
        """Uploads as a client does, through a presigned form, and returns the key."""
        key = f"uploads/poster/{secrets.token_hex(16)}"
        fields = {
            "Content-Type": content_type,
            "x-amz-meta-sha256": sha256 or hashlib.sha256(data).hexdigest(),
        }
        form = self.s3.generate_presigned_post(
            self.outputs.upload_bucket,
            key,
            Fields=dict(fields),
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", 1, len(data)],
            ],
            ExpiresIn=60,
        )
        body = {**form["fields"], "file": ("p", data, content_type)}
        with urllib3.PoolManager() as http:
            answer = http.request("POST", form["url"], fields=body)
        assert answer.status == 204, answer.data
        return key

    def url(self, bucket: str, key: str) -> str:
        return f"{self.aws.endpoint_url}/{bucket}/{key}"


def _deploy(aws: LocalAws, service: MediaServiceRecorder, *, code: Path, token: str = _TOKEN) -> DeployedStack:
    return deploy(
        StackParameters(
            service_address=service.address,
            service_token=token,
            service_tls=False,
            allow_public_renditions=True,
            require_tls=False,
        ),
        session=aws.session(),
        endpoint_url=aws.endpoint_url,
        template=_TEMPLATE,
        code=code,
        timeout=60,
    )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, functions_zip: Path) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("aws")
    aws = LocalAws(python=_PYTHON, data_dir=folder / "data", port=free_port())
    aws.start()
    try:
        with media_service() as service:
            outputs = _deploy(aws, service, code=functions_zip)
            yield Stack(aws=aws, service=service, code=functions_zip, outputs=outputs)
    finally:
        aws.stop()


def _eventually(look: Callable[[], _T | None]) -> _T:
    """Returns the first answer that is not None."""
    deadline = time.monotonic() + _DEADLINE
    while (found := look()) is None:
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.02)
    return found


def _registered(service: MediaServiceRecorder, key: str) -> media_pb2.RegisterFileRequest:
    return _eventually(lambda: next((r for r in service.registered if r.object.key == key), None))


def _rejected(service: MediaServiceRecorder, key: str) -> media_pb2.RejectFileRequest:
    return _eventually(lambda: next((r for r in service.rejected if r.object.key == key), None))


def _status(url: str, *, method: str = "GET") -> int:
    with urllib3.PoolManager(timeout=10, retries=False) as http:
        return http.request(method, url).status


def test_the_stack_listens_only_on_loopback(stack: Stack) -> None:
    assert stack.aws.pid is not None
    process = psutil.Process(stack.aws.pid)
    listening = [
        connection.laddr.ip
        for member in (process, *process.children(recursive=True))
        for connection in member.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}


def test_credentials_are_random_and_private(stack: Stack, tmp_path: Path) -> None:
    other = LocalAws(python=_PYTHON, data_dir=tmp_path / "other", port=1)
    assert other.credentials != stack.aws.credentials
    assert LocalAws(python=_PYTHON, data_dir=tmp_path / "other", port=1).credentials == other.credentials
    assert other.credentials.secret_access_key not in repr(other.credentials)
    mode = stat.S_IMODE((tmp_path / "other" / "credentials.json").stat().st_mode)
    assert mode == 0o600


@pytest.mark.parametrize("key_id", ["own", "test", "000000000000", "AKIAAAAAAAAAAAAAAAAA"])
def test_forged_requests_are_refused(stack: Stack, key_id: str) -> None:
    known = stack.aws.credentials.access_key_id if key_id == "own" else key_id
    session = boto3.Session(aws_access_key_id=known, aws_secret_access_key="test", region_name="us-east-1")
    s3 = session.client("s3", endpoint_url=stack.aws.endpoint_url)
    with pytest.raises(ClientError) as refused:
        s3.list_buckets()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    functions = session.client("lambda", endpoint_url=stack.aws.endpoint_url)
    with pytest.raises(ClientError) as refused:
        functions.list_functions()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_unsigned_requests_are_refused(stack: Stack) -> None:
    anonymous = boto3.Session(region_name="us-east-1").client(
        "s3", endpoint_url=stack.aws.endpoint_url, config=Config(signature_version=UNSIGNED)
    )
    with pytest.raises(ClientError) as refused:
        anonymous.put_object(Bucket=stack.outputs.upload_bucket, Key="uploads/x", Body=b"x")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    with pytest.raises(ClientError) as refused:
        anonymous.put_object(Bucket=stack.outputs.rendition_bucket, Key="x", Body=b"x")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/sqs/messages"),
        ("GET", "/_ministack/lambda-code/anything"),
        ("POST", "//_ministack/reset"),
        ("POST", "/%5fministack/reset"),
    ],
)
def test_the_emulators_control_paths_are_blocked(stack: Stack, method: str, path: str) -> None:
    stack.s3.put_object(Bucket="marquee-code", Key="still-here", Body=b"x")
    assert _status(stack.aws.endpoint_url + path, method=method) in (400, 403, 404, 405)
    stack.s3.head_object(Bucket="marquee-code", Key="still-here")


def test_a_picture_is_registered_and_its_renditions_are_public(stack: Stack) -> None:
    data = images.encoded(images.quartered(400, 600))
    key = stack.upload(data)
    request = _registered(stack.service, key)
    assert request.object.bucket == stack.outputs.upload_bucket
    assert request.object.version_id
    assert (request.width, request.height, request.sha256) == (400, 600, hashlib.sha256(data).digest())
    assert stack.service.authorizations[-1] == f"Bearer {_TOKEN}"
    assert request.renditions
    for rendition in request.renditions:
        url = stack.url(stack.outputs.rendition_bucket, rendition.key)
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own URL
            assert hashlib.sha256(answer.read()).digest() == rendition.sha256
            assert answer.headers["Content-Type"].startswith("image/")
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert _status(stack.url(stack.outputs.upload_bucket, key)) == 403
    assert _status(stack.url(stack.outputs.rendition_bucket, "")) == 403
    assert _status(stack.url("marquee-code", "still-here")) == 403


def test_a_file_that_is_no_image_is_rejected_and_removed_permanently(stack: Stack) -> None:
    key = stack.upload(b"hello, I am a poster")
    request = _rejected(stack.service, key)
    assert request.reason == media_pb2.REJECTION_REASON_UNSUPPORTED_FORMAT
    bucket = stack.outputs.upload_bucket

    def gone() -> bool | None:
        found = stack.s3.list_object_versions(Bucket=bucket, Prefix=key)
        return True if not found.get("Versions") and not found.get("DeleteMarkers") else None

    assert _eventually(gone)


def test_a_removal_reaches_the_service(stack: Stack) -> None:
    key = stack.upload(images.encoded(images.quartered(100, 100)))
    created = _registered(stack.service, key).object
    stack.s3.delete_object(Bucket=stack.outputs.upload_bucket, Key=key)
    removed = _eventually(lambda: next((r for r in stack.service.forgotten if r.object.key == key), None))
    assert removed.object.bucket == stack.outputs.upload_bucket
    assert removed.object.sequencer > created.sequencer


def test_other_bytes_than_announced_are_rejected(stack: Stack) -> None:
    key = stack.upload(images.encoded(images.quartered()), sha256="0" * 64)
    assert _rejected(stack.service, key).reason == media_pb2.REJECTION_REASON_CHECKSUM_MISMATCH


def test_deploying_again_changes_nothing(stack: Stack) -> None:
    assert stack.deploy() == stack.outputs


def test_changed_parameters_reach_the_function(stack: Stack) -> None:
    assert stack.deploy(token="another-token") == stack.outputs
    functions = stack.aws.session().client("lambda", endpoint_url=stack.aws.endpoint_url)
    seen = functions.get_function_configuration(FunctionName=stack.outputs.function_name)
    assert seen["Environment"]["Variables"]["MARQUEE_SERVICE_TOKEN"] == "another-token"
    assert stack.deploy() == stack.outputs


def test_a_refused_template_is_an_error(stack: Stack, tmp_path: Path) -> None:
    broken = tmp_path / "template.json"
    broken.write_text(json.dumps({"Resources": {"X": {"Type": "AWS::No::Such"}}}), encoding="utf-8")
    with pytest.raises(DeployFailed, match="broken"):
        deploy(
            StackParameters(service_address="h:1", service_token=_TOKEN),
            session=stack.aws.session(),
            endpoint_url=stack.aws.endpoint_url,
            template=broken,
            code=stack.code,
            stack_name="broken",
            timeout=20,
        )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_objects_survive_and_the_pipeline_works_after_a_stop_or_kill(stack: Stack, end: signal.Signals) -> None:
    before = _registered(stack.service, stack.upload(images.encoded(images.quartered(100, 100))))
    if end is signal.SIGKILL:
        assert stack.aws.pid is not None
        psutil.Process(stack.aws.pid).kill()
        _eventually(lambda: None if stack.aws.is_running else True)
    else:
        stack.aws.stop()
    stack.aws.start()
    again = stack.deploy()
    assert again.upload_bucket == stack.outputs.upload_bucket
    url = stack.url(stack.outputs.rendition_bucket, before.renditions[0].key)
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own URL
        assert answer.headers["Content-Type"] == "image/avif"
    assert _status(stack.url(stack.outputs.upload_bucket, before.object.key)) == 403
    after = _registered(stack.service, stack.upload(images.encoded(images.quartered(100, 100))))
    assert len(after.renditions) == len(before.renditions)


def test_a_port_in_use_is_an_error_and_a_failed_start_leaves_no_process(stack: Stack, tmp_path: Path) -> None:
    other = LocalAws(python=_PYTHON, data_dir=tmp_path, port=int(stack.aws.endpoint_url.rpartition(":")[2]))
    with pytest.raises(PortInUse, match="MARQUEE_LOCAL_AWS_PORT"):
        other.start()
    broken = LocalAws(python=Path("/bin/false"), data_dir=tmp_path, port=free_port())
    with pytest.raises(AwsNotReady, match="ended during its start"):
        broken.start(timeout=5)
    assert not broken.is_running
