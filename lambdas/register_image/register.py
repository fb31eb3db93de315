"""Tells the media service what became of an upload, over gRPC."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from marquee.media.v1 import media_pb2

from lambdas.register_image.render import Rendition
from lambdas.register_image.verdict import Rejected
from lambdas.register_image.verify import Picture
from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.service import MediaConnection, object_version


@dataclass(frozen=True, kw_only=True)
class FinishedPicture:
    """Everything that is registered about a picture, beside the object it came from."""

    picture: Picture
    thumbhash: bytes
    dominant_color: str
    renditions: Sequence[tuple[str, Rendition]]
    """Key and content of each rendition stored."""


class Registry(Protocol):
    """Who takes the function's verdicts."""

    def begin(self, upload: ObjectEvent) -> bool:
        """Records that work begins and tells whether a verdict is wanted; raises UploadUnknown or ReportFailed."""

    def register(self, upload: ObjectEvent, finished: FinishedPicture) -> None:
        """Records a usable picture; raises UploadUnknown or ReportFailed."""

    def reject(self, upload: ObjectEvent, verdict: Rejected) -> None:
        """Records a refused picture; raises UploadUnknown or ReportFailed."""


class MediaService:
    """Registry on the media service's BeginFile, RegisterFile and RejectFile."""

    def __init__(self, connection: MediaConnection) -> None:
        """Takes the connection; nothing is sent yet."""
        self._connection = connection

    def begin(self, upload: ObjectEvent) -> bool:
        """Records that work begins; see Registry."""
        request = media_pb2.BeginFileRequest(object=object_version(upload))
        answer: media_pb2.BeginFileResponse = self._connection.call(self._connection.stub.BeginFile, request)
        return answer.proceed

    def register(self, upload: ObjectEvent, finished: FinishedPicture) -> None:
        """Records a usable picture; raises UploadUnknown or ReportFailed."""
        self._connection.call(self._connection.stub.RegisterFile, register_request(upload, finished))

    def reject(self, upload: ObjectEvent, verdict: Rejected) -> None:
        """Records a refused picture; raises UploadUnknown or ReportFailed."""
        self._connection.call(self._connection.stub.RejectFile, reject_request(upload, verdict))


def register_request(upload: ObjectEvent, finished: FinishedPicture) -> media_pb2.RegisterFileRequest:
    """Returns the message for a usable picture."""
    picture = finished.picture
    return media_pb2.RegisterFileRequest(
        object=object_version(upload),
        mime_type=picture.mime_type,
        size_bytes=picture.size_bytes,
        width=picture.width,
        height=picture.height,
        is_animated=picture.is_animated,
        sha256=picture.sha256,
        thumbhash=finished.thumbhash,
        dominant_color=finished.dominant_color,
        renditions=[_stored(key, rendition) for key, rendition in finished.renditions],
    )


def reject_request(upload: ObjectEvent, verdict: Rejected) -> media_pb2.RejectFileRequest:
    """Returns the message for a refused picture."""
    return media_pb2.RejectFileRequest(
        object=object_version(upload),
        reason=media_pb2.RejectionReason.Value(f"REJECTION_REASON_{verdict.reason}"),
        detail=verdict.detail,
    )


def _stored(key: str, rendition: Rendition) -> media_pb2.StoredRendition:
    return media_pb2.StoredRendition(
        key=key,
        format=media_pb2.ImageFormat.Value(f"IMAGE_FORMAT_{rendition.format}"),
        width=rendition.width,
        height=rendition.height,
        size_bytes=len(rendition.data),
        sha256=rendition.sha256,
    )
