"""Reads every body that can reach a function and tells which objects it names, and what became of them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

_DEEPEST_NESTING = 5


class UnknownEvent(ValueError):
    """The body is none of the known shapes. Repeating it cannot help: it belongs among the dead letters."""


@dataclass(frozen=True, kw_only=True)
class ObjectEvent:
    """What happened to one object, as S3 announced it."""

    is_removal: bool
    """Whether the object, or one version of it, was removed; else it was created."""
    bucket: str
    """Name of the bucket."""
    key: str
    """Key, url-decoded."""
    sequencer: str
    """Hexadecimal, of varying width; orders the events of one key."""
    etag: str
    """Entity tag without quotes; empty when the event does not tell, as of a removal."""
    version_id: str
    """Version in a versioned bucket, else empty."""
    size: int
    """Size in bytes; 0 when the event does not tell."""


def object_events(event: Mapping[str, Any]) -> tuple[ObjectEvent, ...]:
    """Returns what `event` tells of objects created and removed, in its order; other kinds are passed over.

    Understands an S3 notification, an SQS batch of them, a record of a function's destination or dead-letter
    queue (`requestPayload`), and each of these inside another. The `s3:TestEvent` that S3 sends when a
    notification is set up names no object. Raises UnknownEvent for anything else.
    """
    return tuple(_walk(event, depth=0))


def events_of_body(body: str) -> tuple[ObjectEvent, ...]:
    """Returns what is told by the JSON text of one queue message; raises UnknownEvent."""
    try:
        event = json.loads(body)
    except ValueError as error:
        raise UnknownEvent("the message is not JSON") from error
    return object_events(event)


def _walk(event: object, *, depth: int) -> Iterator[ObjectEvent]:
    if depth > _DEEPEST_NESTING or not isinstance(event, Mapping):
        raise UnknownEvent("the event is not an object, or nested too deeply")
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
            # Direct notifications say "ObjectCreated:Post", some other senders "s3:ObjectCreated:Post".
            kind, _, _ = name.removeprefix("s3:").partition(":")
            # A lifecycle rule's removal has a name of its own, and so has one that only left a delete marker.
            if kind in ("ObjectCreated", "ObjectRemoved", "LifecycleExpiration"):
                yield _object_event(described, is_removal=kind != "ObjectCreated")
        case {"body": str(body)}:
            yield from _walk(_parsed(body), depth=depth + 1)
        case _:
            raise UnknownEvent("a record is neither of S3 nor of SQS")


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
            # S3 url-encodes the key once, with "+" for a space; decoding twice would corrupt a literal "%2B".
            key=unquote_plus(described["key"], errors="strict"),
            sequencer=str(described["sequencer"]),
            etag=str(described.get("eTag") or "").strip('"'),
            version_id=_version(described.get("versionId")),
            size=int(described.get("size") or 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnknownEvent(f"a record of S3 lacks or garbles {error}") from error


def _version(value: object) -> str:
    # A bucket that never had versioning reports "null" in some listings.
    return "" if value in (None, "", "null") else str(value)
