"""Reports the result of an upload to the media service over gRPC."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from marquee.media.v1 import media_pb2

from lambdas.register_image.rejection import Rejected
from lambdas.register_image.render import Rendition
from lambdas.register_image.verify import VerifiedImage
from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.service import MediaConnection, object_version


@dataclass(frozen=True, kw_only=True)
class ProcessedImage:
    """A usable image with everything that is registered about it."""

    source: VerifiedImage
    thumbhash: bytes
    dominant_color: str
    renditions: Sequence[tuple[str, Rendition]]
    """Key and content of each stored rendition."""


class Registry(Protocol):
    """Receiver of the function's results."""

    def begin(self, upload: ObjectEvent) -> bool:
        """Records that work begins; returns whether a result is needed. Raises UploadUnknown or ReportFailed."""

    def register(self, upload: ObjectEvent, processed: ProcessedImage) -> None:
        """Records a usable image; raises UploadUnknown or ReportFailed."""

    def reject(self, upload: ObjectEvent, rejection: Rejected) -> None:
        """Records a rejected image; raises UploadUnknown or ReportFailed."""


class MediaService:
    """Registry that calls BeginFile, RegisterFile and RejectFile of the media service."""

    def __init__(self, connection: MediaConnection) -> None:
        """Stores the connection and sends nothing yet."""
        self._connection = connection

    def begin(self, upload: ObjectEvent) -> bool:
        """Records that work begins; see Registry."""
        request = media_pb2.BeginFileRequest(object=object_version(upload))
        response: media_pb2.BeginFileResponse = self._connection.call(self._connection.stub.BeginFile, request)
        return response.proceed

    def register(self, upload: ObjectEvent, processed: ProcessedImage) -> None:
        """Records a usable image; raises UploadUnknown or ReportFailed."""
        self._connection.call(self._connection.stub.RegisterFile, register_request(upload, processed))

    def reject(self, upload: ObjectEvent, rejection: Rejected) -> None:
        """Records a rejected image; raises UploadUnknown or ReportFailed."""
        self._connection.call(self._connection.stub.RejectFile, reject_request(upload, rejection))


def register_request(upload: ObjectEvent, processed: ProcessedImage) -> media_pb2.RegisterFileRequest:
    """Returns the message for a usable image."""
    source = processed.source
    return media_pb2.RegisterFileRequest(
        object=object_version(upload),
        mime_type=source.mime_type,
        size_bytes=source.size_bytes,
        width=source.width,
        height=source.height,
        is_animated=source.is_animated,
        sha256=source.sha256,
        thumbhash=processed.thumbhash,
        dominant_color=processed.dominant_color,
        renditions=[_stored_rendition(key, rendition) for key, rendition in processed.renditions],
    )


def reject_request(upload: ObjectEvent, rejection: Rejected) -> media_pb2.RejectFileRequest:
    """Returns the message for a rejected image."""
    return media_pb2.RejectFileRequest(
        object=object_version(upload),
        reason=media_pb2.RejectionReason.Value(f"REJECTION_REASON_{rejection.reason}"),
        detail=rejection.detail,
    )


def _stored_rendition(key: str, rendition: Rendition) -> media_pb2.StoredRendition:
    return media_pb2.StoredRendition(
        key=key,
        format=media_pb2.ImageFormat.Value(f"IMAGE_FORMAT_{rendition.format}"),
        width=rendition.width,
        height=rendition.height,
        size_bytes=len(rendition.data),
        sha256=rendition.sha256,
    )
