"""Parses every kind of event that can reach a function into the created and removed objects that it names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

_DEEPEST_NESTING = 5


class UnknownEvent(ValueError):
    """The event has an unknown format. Another delivery cannot help, so it ends in the dead-letter queue."""


@dataclass(frozen=True, kw_only=True)
class ObjectEvent:
    """Creation or removal of one object, as S3 reported it."""

    is_removal: bool
    """True if the object, or one version of it, was removed; false if it was created."""
    bucket: str
    """Name of the bucket."""
    key: str
    """Key, URL-decoded."""
    sequencer: str
    """Hexadecimal number of varying width; orders the events of one key."""
    etag: str
    """Entity tag without quotes; empty if the event has none, as for a removal."""
    version_id: str
    """Version in a versioned bucket, otherwise empty."""
    size: int
    """Size in bytes; 0 if the event has none."""


def object_events(event: Mapping[str, Any]) -> tuple[ObjectEvent, ...]:
    """Returns the created and removed objects in `event`, in its order; ignores other kinds of S3 events.

    Accepts an S3 notification, an SQS batch of notifications, a record of a function's destination or dead-letter queue
    (`requestPayload`), and each of these inside another. The `s3:TestEvent` that S3 sends after the setup of a
    notification contains no object. Raises UnknownEvent for anything else.
    """
    return tuple(_walk(event, depth=0))


def events_of_body(body: str) -> tuple[ObjectEvent, ...]:
    """Returns the objects in the JSON body of one queue message; raises UnknownEvent."""
    try:
        event = json.loads(body)
    except ValueError as error:
        raise UnknownEvent("the message is not JSON") from error
    return object_events(event)


def _walk(event: object, *, depth: int) -> Iterator[ObjectEvent]:
    if depth > _DEEPEST_NESTING or not isinstance(event, Mapping):
        raise UnknownEvent("the event is not a JSON object, or it is nested too deeply")
    if event.get("Event") == "s3:TestEvent":
        return
    if "requestPayload" in event:
        yield from _walk(event["requestPayload"], depth=depth + 1)
        return
    records = event.get("Records")
    if not isinstance(records, list):
        raise UnknownEvent("the event has no list of records")
    for record in records:
        yield from _walk_record(record, depth=depth)


def _walk_record(record: object, *, depth: int) -> Iterator[ObjectEvent]:
    match record:
        case {"s3": dict(described), "eventName": str(name)}:
            # S3 notifications contain "ObjectCreated:Post", some other senders "s3:ObjectCreated:Post".
            kind, _, _ = name.removeprefix("s3:").partition(":")
            # A removal by a lifecycle rule has another name, also if it only created a delete marker.
            if kind in ("ObjectCreated", "ObjectRemoved", "LifecycleExpiration"):
                yield _object_event(described, is_removal=kind != "ObjectCreated")
        case {"body": str(body)}:
            yield from _walk(_parsed(body), depth=depth + 1)
        case _:
            raise UnknownEvent("a record is neither from S3 nor from SQS")


def _parsed(body: str) -> object:
    try:
        return json.loads(body)
    except ValueError as error:
        raise UnknownEvent("the message is not JSON") from error


def _object_event(s3: Mapping[str, Any], *, is_removal: bool) -> ObjectEvent:
    try:
        described = s3["object"]
        return ObjectEvent(
            is_removal=is_removal,
            bucket=str(s3["bucket"]["name"]),
            # S3 URL-encodes the key once, with "+" for a space. Decoding it twice would corrupt a literal "%2B".
            key=unquote_plus(described["key"], errors="strict"),
            sequencer=str(described["sequencer"]),
            etag=str(described.get("eTag") or "").strip('"'),
            version_id=_version(described.get("versionId")),
            size=int(described.get("size") or 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnknownEvent(f"a field of an S3 record is missing or malformed: {error}") from error


def _version(value: object) -> str:
    # A bucket that never had versioning uses "null" in some events.
    return "" if value in (None, "", "null") else str(value)
