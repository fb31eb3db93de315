"""The function processes batches of a queue and reports over real gRPC; its store is in memory."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from marquee.media.v1 import media_pb2

from lambdas.register_image.handler import handle
from lambdas.register_image.image_kinds import MAX_BYTES
from lambdas.register_image.pipeline import Pipeline
from lambdas.register_image.registry import MediaService
from lambdas.register_image.rejection import Reason
from lambdas.register_image.storage import StoredObject
from lambdas.uploads.logs import get_logger
from lambdas.uploads.service import MediaConnection
from lambdas.uploads.settings import FunctionSettings
from tests.lambdas import images
from tests.lambdas.fakes import FakeStore, MediaServiceRecorder

UPLOADS, RENDITIONS = "marquee-uploads", "marquee-renditions"
POSTER = "uploads/poster/0123456789abcdef0123456789abcdef"
AVATAR = "uploads/avatar/fedcba9876543210fedcba9876543210"
TOKEN = "a-token-nobody-may-log"
SUCCESS: dict[str, list[dict[str, str]]] = {"batchItemFailures": []}

Load = Callable[[str], dict[str, Any]]


@pytest.fixture
def pipeline(store: FakeStore, service: MediaServiceRecorder) -> Iterator[Pipeline]:
    settings = FunctionSettings(
        service_address=service.address,
        service_token=TOKEN,
        service_tls=False,
        service_deadline=5.0,
    )
    connection = MediaConnection(settings)
    yield Pipeline(store=store, registry=MediaService(connection), rendition_bucket=RENDITIONS)
    connection.close()


def _put(store: FakeStore, key: str, data: bytes, *, sha256: str = "") -> None:
    store.objects[UPLOADS, key] = StoredObject(data=data, expected_sha256=sha256)


def test_a_usable_image_is_registered(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    data = images.encoded(images.quartered(400, 600))
    _put(store, POSTER, data, sha256=hashlib.sha256(data).hexdigest())
    assert handle(load_event("sqs_batch"), request_id="r", pipeline=pipeline) == SUCCESS
    (request,) = service.registered
    assert request.object == media_pb2.ObjectVersion(
        bucket=UPLOADS,
        key=POSTER,
        sequencer="0055AED6DCD90281E5",
        etag="d41d8cd98f00b204e9800998ecf8427e",
        version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
    )
    assert (request.width, request.height, request.size_bytes) == (400, 600, len(data))
    assert request.sha256 == hashlib.sha256(data).digest()
    assert request.mime_type == "image/png"
    assert request.dominant_color == "#1e1edc"
    assert len(request.renditions) == 15
    for rendition in request.renditions:
        stored = store.objects[RENDITIONS, rendition.key]
        assert rendition.key.startswith("poster/0123456789abcdef0123456789abcdef/")
        assert rendition.size_bytes == len(stored.data)
        assert rendition.sha256 == hashlib.sha256(stored.data).digest()
    assert {store.content_types[r.key] for r in request.renditions} == {
        "image/avif",
        "image/webp",
        "image/jpeg",
    }
    assert service.authorizations == [f"Bearer {TOKEN}"]
    # The other object of the batch is gone, which the function notices after BeginFile.
    assert [begun.object.key for begun in service.begun] == [POSTER, AVATAR]
    assert service.begun[0].object == request.object
    assert (UPLOADS, POSTER) in store.objects


def test_a_repeated_event_changes_nothing(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    _put(store, POSTER, images.encoded(images.quartered(100, 100)))
    for _ in range(2):
        handle(load_event("sqs_batch"), request_id="r", pipeline=pipeline)
    first, second = service.registered
    assert first == second
    assert len(store.keys(RENDITIONS)) == len(first.renditions)


@pytest.mark.parametrize(
    ("data", "sha256", "reason"),
    [
        (b"text named poster.png", "", "UNSUPPORTED_FORMAT"),
        (images.encoded(images.quartered()), "0" * 64, "CHECKSUM_MISMATCH"),
        (b"\0" * (MAX_BYTES + 1), "", "TOO_LARGE"),
    ],
    ids=["text", "checksum", "too large"],
)
def test_an_unusable_image_is_rejected_and_then_removed(
    store: FakeStore,
    service: MediaServiceRecorder,
    pipeline: Pipeline,
    load_event: Load,
    data: bytes,
    sha256: str,
    reason: str,
) -> None:
    _put(store, POSTER, data, sha256=sha256)
    assert handle(load_event("sqs_batch"), request_id="r", pipeline=pipeline) == SUCCESS
    (request,) = service.rejected
    assert media_pb2.RejectionReason.Name(request.reason) == f"REJECTION_REASON_{reason}"
    assert request.detail
    assert store.removed_versions == [(UPLOADS, POSTER, "096fKKXTRTtl3on89fVO.nfljtsv6qko")]
    assert store.keys(RENDITIONS) == []


def test_a_rejected_object_remains_until_it_is_reported(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    _put(store, POSTER, b"text")
    service.failures = [grpc.StatusCode.INTERNAL]
    failed = handle(load_event("sqs_batch"), request_id="r", pipeline=pipeline)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"}]}
    assert (UPLOADS, POSTER) in store.objects
    assert handle(load_event("sqs_batch"), request_id="r", pipeline=pipeline) == SUCCESS
    assert (UPLOADS, POSTER) not in store.objects


def test_only_the_failed_message_of_a_batch_is_delivered_again(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    for key in (POSTER, AVATAR):
        _put(store, key, images.encoded(images.quartered(100, 100)))
    service.failures = [grpc.StatusCode.PERMISSION_DENIED]
    failed = handle(load_event("sqs_batch"), request_id="r", pipeline=pipeline)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"}]}
    assert [request.object.key for request in service.registered] == [AVATAR]


def test_a_malformed_message_does_not_fail_the_others(pipeline: Pipeline, load_event: Load) -> None:
    event = load_event("sqs_batch")
    event["Records"][0]["body"] = "not json"
    failed = handle(event, request_id="r", pipeline=pipeline)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"}]}


def test_a_direct_event_raises_after_all_objects_were_processed(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    for key in (POSTER, AVATAR):
        _put(store, key, images.encoded(images.quartered(100, 100)))
    service.failures = [grpc.StatusCode.INTERNAL]
    with pytest.raises(ExceptionGroup, match="1 of 3 objects failed"):
        handle(load_event("s3_several"), request_id="r", pipeline=pipeline)
    assert [request.object.key for request in service.registered] == [AVATAR]


def test_unavailable_is_retried_at_once(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    _put(store, POSTER, images.encoded(images.quartered(100, 100)))
    service.failures = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE]
    assert handle(load_event("s3_created"), request_id="r", pipeline=pipeline) == SUCCESS
    assert len(service.registered) == 1


def test_renditions_of_an_unknown_upload_are_removed(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    _put(store, POSTER, images.encoded(images.quartered(100, 100)))
    service.failures = [grpc.StatusCode.NOT_FOUND]
    assert handle(load_event("s3_created"), request_id="r", pipeline=pipeline) == SUCCESS
    assert store.keys(RENDITIONS) == []
    assert (UPLOADS, POSTER) in store.objects


def test_an_event_is_skipped_if_the_service_needs_no_result(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    _put(store, POSTER, b"text, which would be rejected")
    service.proceed = False
    assert handle(load_event("sqs_batch"), request_id="r", pipeline=pipeline) == SUCCESS
    service.unknown = True
    assert handle(load_event("sqs_batch"), request_id="r", pipeline=pipeline) == SUCCESS
    assert (service.registered, service.rejected) == ([], [])
    assert (UPLOADS, POSTER) in store.objects


def test_a_removal_in_the_wrong_queue_is_ignored(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    _put(store, POSTER, b"text")
    assert handle(load_event("s3_removed"), request_id="r", pipeline=pipeline) == SUCCESS
    assert service.begun == []


@pytest.mark.parametrize("name", ["s3_created", "s3_encoded_key", "sqs_test_event"])
def test_gone_objects_foreign_keys_and_test_events_are_successes(
    service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load, name: str
) -> None:
    assert handle(load_event(name), request_id="r", pipeline=pipeline) == SUCCESS
    assert (service.registered, service.rejected) == ([], [])


def test_a_service_that_is_down_fails_the_message_in_time(store: FakeStore, load_event: Load) -> None:
    settings = FunctionSettings(
        service_address="127.0.0.1:1",
        service_token=TOKEN,
        service_tls=False,
        service_deadline=0.3,
    )
    connection = MediaConnection(settings)
    _put(store, POSTER, b"text")
    pipeline = Pipeline(store=store, registry=MediaService(connection), rendition_bucket=RENDITIONS)
    failed = handle(load_event("sqs_batch"), request_id="r", pipeline=pipeline)
    connection.close()
    assert len(failed["batchItemFailures"]) == 2
    assert (UPLOADS, POSTER) in store.objects


def test_log_lines_are_json_and_never_contain_the_token(
    store: FakeStore, service: MediaServiceRecorder, pipeline: Pipeline, load_event: Load
) -> None:
    lines: list[str] = []
    logger = get_logger()
    own = logger.handlers[0]

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(own.format(record))

    collector = Collector()
    logger.addHandler(collector)
    try:
        _put(store, POSTER, b"text")
        service.failures = [grpc.StatusCode.UNAUTHENTICATED]
        for _ in range(2):
            handle(load_event("sqs_batch"), request_id="req-1", pipeline=pipeline)
    finally:
        logger.removeHandler(collector)
    seen = [json.loads(line) for line in lines]
    assert all("\n" not in line and TOKEN not in line for line in lines)
    assert {"message.failed", "object.processed"} == {entry["event"] for entry in seen}
    rejected = [entry for entry in seen if entry.get("status") == "rejected"]
    assert rejected[0]["reason"] == "UNSUPPORTED_FORMAT"
    assert rejected[0]["request_id"] == "req-1"


def test_settings_name_the_missing_variable_and_never_show_the_token() -> None:
    environ = {
        "MARQUEE_SERVICE_ADDRESS": "h:1",
        "MARQUEE_SERVICE_TOKEN": TOKEN,
        "MARQUEE_SERVICE_TLS": "false",
    }
    settings = FunctionSettings.from_environ(environ)
    assert settings.service_tls is False
    assert TOKEN not in repr(settings)
    for name in ("MARQUEE_SERVICE_ADDRESS", "MARQUEE_SERVICE_TOKEN"):
        with pytest.raises(ValueError, match=name):
            FunctionSettings.from_environ({key: value for key, value in environ.items() if key != name})
    with pytest.raises(ValueError, match="MARQUEE_SERVICE_TLS"):
        FunctionSettings.from_environ({**environ, "MARQUEE_SERVICE_TLS": "yes"})


def test_every_reason_is_part_of_the_contract() -> None:
    assert {f"REJECTION_REASON_{reason}" for reason in Reason} < set(media_pb2.RejectionReason.keys())
