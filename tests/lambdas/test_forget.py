"""Removals are reported to the media service unless the key has an object again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from botocore.exceptions import ClientError

from lambdas.forget_image.forget import MediaService
from lambdas.forget_image.handler import S3ObjectLookup, handle
from lambdas.uploads.service import MediaConnection
from lambdas.uploads.settings import FunctionSettings
from tests.lambdas.fakes import MediaServiceRecorder

POSTER = "uploads/poster/0123456789abcdef0123456789abcdef"
AVATAR = "uploads/avatar/fedcba9876543210fedcba9876543210"
SUCCESS: dict[str, list[dict[str, str]]] = {"batchItemFailures": []}

Load = Callable[[str], dict[str, Any]]


@dataclass
class FakeObjectLookup:
    """An ObjectLookup in which some keys have an object."""

    keys: set[str] = field(default_factory=set)

    def exists(self, bucket: str, key: str) -> bool:  # noqa: ARG002
        return key in self.keys


class Client:
    """An S3 client whose HeadObject always gives the same response."""

    def __init__(self, code: str = "") -> None:
        self._code = code

    def head_object(self, **_: str) -> dict[str, str]:
        if self._code:
            raise ClientError({"Error": {"Code": self._code}}, "HeadObject")
        return {"ETag": '"an entity tag"'}


@pytest.fixture
def reporter(service: MediaServiceRecorder) -> Iterator[MediaService]:
    connection = MediaConnection(
        FunctionSettings(service_address=service.address, service_token="t", service_tls=False, service_deadline=5.0)
    )
    yield MediaService(connection)
    connection.close()


def test_removals_are_reported_with_their_sequencers(
    service: MediaServiceRecorder, reporter: MediaService, load_event: Load
) -> None:
    event = load_event("s3_removed")
    for _ in range(2):
        assert handle(event, request_id="r", storage=FakeObjectLookup(), reporter=reporter) == SUCCESS
    first, second = [request.object for request in service.forgotten[:2]]
    assert (first.key, first.sequencer) == (POSTER, "0055AED6DCD90281F0")
    assert (first.etag, first.version_id) == ("", "")
    assert second.key == AVATAR
    assert service.forgotten[2:] == service.forgotten[:2]


def test_an_object_that_exists_again_is_not_forgotten(
    service: MediaServiceRecorder, reporter: MediaService, load_event: Load
) -> None:
    handle(load_event("s3_removed"), request_id="r", storage=FakeObjectLookup({POSTER}), reporter=reporter)
    assert [request.object.key for request in service.forgotten] == [AVATAR]


def test_creations_and_foreign_keys_are_ignored(
    service: MediaServiceRecorder, reporter: MediaService, load_event: Load
) -> None:
    foreign = load_event("s3_removed")
    for record in foreign["Records"]:
        record["s3"]["object"]["key"] = "poster/a"
    for event in (foreign, load_event("s3_created")):
        assert handle(event, request_id="r", storage=FakeObjectLookup(), reporter=reporter) == SUCCESS
    assert service.forgotten == []


def test_an_unknown_upload_is_a_success_and_an_error_is_raised(
    service: MediaServiceRecorder, reporter: MediaService, load_event: Load
) -> None:
    service.failures = [grpc.StatusCode.NOT_FOUND]
    assert handle(load_event("s3_removed"), request_id="r", storage=FakeObjectLookup(), reporter=reporter) == SUCCESS
    service.failures = [grpc.StatusCode.INTERNAL]
    with pytest.raises(ExceptionGroup, match="1 of 2 objects failed"):
        handle(load_event("s3_removed"), request_id="r", storage=FakeObjectLookup(), reporter=reporter)
    assert len(service.forgotten) == 2


def test_only_a_not_found_of_s3_means_that_an_object_is_gone() -> None:
    assert S3ObjectLookup(client=Client()).exists("b", POSTER)
    for code in ("404", "NoSuchKey"):
        assert not S3ObjectLookup(client=Client(code)).exists("b", POSTER)
    with pytest.raises(ClientError):
        S3ObjectLookup(client=Client("403")).exists("b", POSTER)
