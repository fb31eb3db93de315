"""Every kind of event that can reach a function is parsed, and any other body raises UnknownEvent."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.uploads.event import ObjectEvent, UnknownEvent, events_of_body, object_events

Load = Callable[[str], dict[str, Any]]

POSTER = ObjectEvent(
    is_removal=False,
    bucket="marquee-uploads",
    key="uploads/poster/0123456789abcdef0123456789abcdef",
    sequencer="0055AED6DCD90281E5",
    etag="d41d8cd98f00b204e9800998ecf8427e",
    version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
    size=1024,
)


@pytest.mark.parametrize("name", ["s3_created", "destination_record", "sqs_destination_record"])
def test_one_object_in_every_wrapping(load_event: Load, name: str) -> None:
    assert object_events(load_event(name)) == (POSTER,)


@pytest.mark.parametrize("name", ["s3_several", "sqs_batch"])
def test_several_objects_keep_their_order_and_their_kind_of_event(load_event: Load, name: str) -> None:
    created = [event for event in object_events(load_event(name)) if not event.is_removal]
    assert created[0] == POSTER
    assert created[1].key == "uploads/avatar/fedcba9876543210fedcba9876543210"
    assert created[1].sequencer == "0055AED6DCD90281E6"


def test_removals_have_neither_size_nor_entity_tag(load_event: Load) -> None:
    by_hand, by_rule = object_events(load_event("s3_removed"))
    assert by_hand.is_removal
    assert by_rule.is_removal
    assert (by_hand.key, by_hand.size, by_hand.etag, by_hand.version_id) == (POSTER.key, 0, "", "")
    assert by_hand.sequencer == "0055AED6DCD90281F0"


def test_a_key_is_url_decoded_exactly_once(load_event: Load) -> None:
    (found,) = object_events(load_event("s3_encoded_key"))
    assert found.key == "uploads/poster/a b%2Bc+dé.png"
    assert found.version_id == ""


def test_the_test_event_contains_no_object(load_event: Load) -> None:
    event = load_event("sqs_test_event")
    assert object_events(event) == ()
    assert events_of_body(event["Records"][0]["body"]) == ()


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
def test_any_other_body_raises_unknown_event(body: str) -> None:
    with pytest.raises(UnknownEvent):
        events_of_body(body)


def test_deep_nesting_raises_unknown_event(load_event: Load) -> None:
    event = load_event("s3_created")
    for _ in range(20):
        event = {"requestPayload": event}
    with pytest.raises(UnknownEvent):
        events_of_body(json.dumps(event))
