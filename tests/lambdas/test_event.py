"""Every body that can reach the function is understood, and what is none is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.register_image.event import UnknownEvent, UploadedObject, objects_of_body, uploaded_objects

Load = Callable[[str], dict[str, Any]]

POSTER = UploadedObject(
    bucket="marquee-uploads",
    key="uploads/poster/0123456789abcdef0123456789abcdef",
    sequencer="0055AED6DCD90281E5",
    etag="d41d8cd98f00b204e9800998ecf8427e",
    version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
    size=1024,
)


@pytest.mark.parametrize("name", ["s3_created", "destination_record", "sqs_destination_record"])
def test_one_object_however_wrapped(load_event: Load, name: str) -> None:
    assert uploaded_objects(load_event(name)) == (POSTER,)


@pytest.mark.parametrize("name", ["s3_several", "sqs_batch"])
def test_several_objects_keep_their_order_and_removals_are_passed_over(load_event: Load, name: str) -> None:
    first, second = uploaded_objects(load_event(name))
    assert first == POSTER
    assert second.key == "uploads/avatar/fedcba9876543210fedcba9876543210"
    assert second.sequencer == "0055AED6DCD90281E6"


def test_a_key_is_url_decoded_exactly_once(load_event: Load) -> None:
    (found,) = uploaded_objects(load_event("s3_encoded_key"))
    assert found.key == "uploads/poster/a b%2Bc+dé.png"
    assert found.version_id == ""


def test_the_test_event_names_nothing(load_event: Load) -> None:
    event = load_event("sqs_test_event")
    assert uploaded_objects(event) == ()
    assert objects_of_body(event["Records"][0]["body"]) == ()


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        "null",
        "{}",
        '{"Records": {}}',
        '{"Records": [{}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {}}}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": null, "object": {"key": "k"}}}]}',
        '{"Records": [{"body": "still not json"}]}',
    ],
)
def test_anything_else_is_refused(body: str) -> None:
    with pytest.raises(UnknownEvent):
        objects_of_body(body)


def test_endless_wrapping_is_refused(load_event: Load) -> None:
    event = load_event("s3_created")
    for _ in range(20):
        event = {"requestPayload": event}
    with pytest.raises(UnknownEvent):
        objects_of_body(json.dumps(event))
