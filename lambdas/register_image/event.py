"""Reads every body that can reach the function and tells which uploaded objects it names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

_DEEPEST_NESTING = 5


class UnknownEvent(ValueError):
    """The body is none of the known shapes. Repeating it cannot help: it belongs among the dead letters."""


@dataclass(frozen=True, kw_only=True)
class UploadedObject:
    """One version of one object, as S3 announced it."""

    bucket: str
    """Name of the bucket."""
    key: str
    """Key, url-decoded."""
    sequencer: str
    """Hexadecimal, of varying width; orders the events of one key."""
    etag: str
    """Entity tag without quotes."""
    version_id: str
    """Version in a versioned bucket, else empty."""
    size: int
    """Size in bytes; 0 when the event does not tell."""


def uploaded_objects(event: Mapping[str, Any]) -> tuple[UploadedObject, ...]:
    """Returns the created objects that `event` names, in its order; other kinds of S3 event are passed over.

    Understands an S3 notification, an SQS batch of them, a record of a function's destination or dead-letter
    queue (`requestPayload`), and each of these inside another. The `s3:TestEvent` that S3 sends when a
    notification is set up names no object. Raises UnknownEvent for anything else.
    """
    return tuple(_walk(event, depth=0))


def objects_of_body(body: str) -> tuple[UploadedObject, ...]:
    """Returns the objects named by the JSON text of one queue message; raises UnknownEvent."""
    try:
        event = json.loads(body)
    except ValueError as error:
        raise UnknownEvent("the message is not JSON") from error
    return uploaded_objects(event)


def _walk(event: object, *, depth: int) -> Iterator[UploadedObject]:
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


def _walk_record(record: object, *, depth: int) -> Iterator[UploadedObject]:
    match record:
        case {"s3": dict(described), "eventName": str(name)}:
            # Direct notifications say "ObjectCreated:Post", some other senders "s3:ObjectCreated:Post".
            if name.removeprefix("s3:").startswith("ObjectCreated:"):
                yield _uploaded_object(described)
        case {"body": str(body)}:
            yield from _walk(_parsed(body), depth=depth + 1)
        case _:
            raise UnknownEvent("a record is neither of S3 nor of SQS")


def _parsed(body: str) -> object:
    try:
        return json.loads(body)
    except ValueError as error:
        raise UnknownEvent("the message is not JSON") from error


def _uploaded_object(s3: Mapping[str, Any]) -> UploadedObject:
    try:
        described = s3["object"]
        return UploadedObject(
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
