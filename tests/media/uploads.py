"""Valid upload requests and processing results, in which a test can change fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marquee.media.v1 import media_pb2

from tests.client import Client

BUCKET = "marquee-uploads"
SIZES = ((154, 231), (342, 513))


def upload(kind: str = "AVATAR", **changes: Any) -> media_pb2.CreateUploadRequest:
    """Returns a request for an upload form."""
    fields: dict[str, Any] = {
        "kind": f"FILE_KIND_{kind}",
        "file_name": "picture.jpg",
        "content_type": "image/jpeg",
        "size_bytes": 1000,
    }
    return media_pb2.CreateUploadRequest(**(fields | changes))


async def uploaded(caller: Client, kind: str = "AVATAR", **changes: Any) -> media_pb2.File:
    """Asks for an upload form and returns the file."""
    answer: media_pb2.CreateUploadResponse = await caller.media.CreateUpload(upload(kind, **changes))
    return answer.file


def version(key: str, sequencer: str = "0A", **changes: Any) -> media_pb2.ObjectVersion:
    """Returns the object version of a processing result."""
    return media_pb2.ObjectVersion(**({"bucket": BUCKET, "key": key, "sequencer": sequencer, "etag": "e"} | changes))


def renditions(key: str, sizes: Sequence[tuple[int, int]] = SIZES) -> list[media_pb2.StoredRendition]:
    """Returns a JPEG and a WebP of each size, with the keys that renditions of an upload have."""
    return [
        media_pb2.StoredRendition(
            key=f"{key.removeprefix('uploads/')}/{width}.{image_format}",
            format=image_format,
            width=width,
            height=height,
            size_bytes=width * 10,
            sha256=bytes(32),
        )
        for width, height in sizes
        for image_format in (media_pb2.IMAGE_FORMAT_WEBP, media_pb2.IMAGE_FORMAT_JPEG)
    ]


def register(key: str, sequencer: str = "0A", **changes: Any) -> media_pb2.RegisterFileRequest:
    """Returns the result for a valid image."""
    fields: dict[str, Any] = {
        "object": version(key, sequencer),
        "mime_type": "image/png",
        "size_bytes": 900,
        "width": 600,
        "height": 900,
        "sha256": bytes(range(32)),
        "thumbhash": b"thumb" * 5,
        "dominant_color": "#a1b2c3",
        "renditions": renditions(key),
    }
    return media_pb2.RegisterFileRequest(**(fields | changes))


def reject(
    key: str, sequencer: str = "0A", *, reason: str = "CORRUPT", detail: str = ""
) -> media_pb2.RejectFileRequest:
    """Returns the result for an object that cannot be used."""
    return media_pb2.RejectFileRequest(
        object=version(key, sequencer),
        reason=media_pb2.RejectionReason.Value(f"REJECTION_REASON_{reason}"),
        detail=detail,
    )


def begin(key: str, sequencer: str = "0A") -> media_pb2.BeginFileRequest:
    """Returns the request that reports the begin of work on an object."""
    return media_pb2.BeginFileRequest(object=version(key, sequencer))


def forget(key: str, sequencer: str = "0A") -> media_pb2.ForgetFileRequest:
    """Returns the request that reports the removal of an object."""
    return media_pb2.ForgetFileRequest(object=version(key, sequencer))
