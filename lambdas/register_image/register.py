"""Tells the media service what became of an upload, over gRPC."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
from marquee.media.v1 import media_pb2, media_pb2_grpc

from lambdas.register_image.event import UploadedObject
from lambdas.register_image.render import Rendition
from lambdas.register_image.settings import FunctionSettings
from lambdas.register_image.verify import Picture, Rejected

_SERVICE = "marquee.media.v1.MediaService"
# UNAVAILABLE alone says that the call had no effect; anything else goes back to the queue, which is more
# patient.
_SERVICE_CONFIG = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{"service": _SERVICE}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.2s",
                    "maxBackoff": "2s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)


class UploadUnknown(Exception):
    """The service made no upload for this key: swept or deleted meanwhile, or never its own."""


class ReportFailed(RuntimeError):
    """The service could not be told; the queue has to deliver the event again."""


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

    def register(self, upload: UploadedObject, finished: FinishedPicture) -> None:
        """Records a usable picture; raises UploadUnknown or ReportFailed."""

    def reject(self, upload: UploadedObject, verdict: Rejected) -> None:
        """Records a refused picture; raises UploadUnknown or ReportFailed."""


class MediaService:
    """Registry on the media service's RegisterFile and RejectFile, over one channel that is kept."""

    def __init__(self, settings: FunctionSettings) -> None:
        """Prepares the channel; nothing is sent yet."""
        options = (("grpc.service_config", _SERVICE_CONFIG), ("grpc.enable_retries", 1))
        if settings.service_tls:
            self._channel = grpc.secure_channel(
                settings.service_address, grpc.ssl_channel_credentials(), options=options
            )
        else:
            self._channel = grpc.insecure_channel(settings.service_address, options=options)
        self._stub = media_pb2_grpc.MediaServiceStub(self._channel)
        self._metadata = (("authorization", f"Bearer {settings.service_token}"),)
        self._deadline = settings.service_deadline

    def register(self, upload: UploadedObject, finished: FinishedPicture) -> None:
        """Records a usable picture; raises UploadUnknown or ReportFailed."""
        self._call(self._stub.RegisterFile, register_request(upload, finished))

    def reject(self, upload: UploadedObject, verdict: Rejected) -> None:
        """Records a refused picture; raises UploadUnknown or ReportFailed."""
        self._call(self._stub.RejectFile, reject_request(upload, verdict))

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def _call(self, method: Callable[..., object], request: object) -> None:
        try:
            method(request, timeout=self._deadline, metadata=self._metadata, wait_for_ready=True)
        except grpc.RpcError as error:
            call: Any = error  # every error a stub raises is a grpc.Call as well, which the types do not say
            if call.code() is grpc.StatusCode.NOT_FOUND:
                raise UploadUnknown from error
            raise ReportFailed(f"{call.code().name}: {call.details()}") from error


def register_request(upload: UploadedObject, finished: FinishedPicture) -> media_pb2.RegisterFileRequest:
    """Returns the message for a usable picture."""
    picture = finished.picture
    return media_pb2.RegisterFileRequest(
        object=_object_version(upload),
        mime_type=picture.mime_type,
        size_bytes=picture.size_bytes,
        width=picture.width,
        height=picture.height,
        sha256=picture.sha256,
        thumbhash=finished.thumbhash,
        dominant_color=finished.dominant_color,
        renditions=[_stored(key, rendition) for key, rendition in finished.renditions],
    )


def reject_request(upload: UploadedObject, verdict: Rejected) -> media_pb2.RejectFileRequest:
    """Returns the message for a refused picture."""
    return media_pb2.RejectFileRequest(
        object=_object_version(upload),
        reason=media_pb2.RejectionReason.Value(f"REJECTION_REASON_{verdict.reason}"),
        detail=verdict.detail,
    )


def _object_version(upload: UploadedObject) -> media_pb2.ObjectVersion:
    return media_pb2.ObjectVersion(
        bucket=upload.bucket,
        key=upload.key,
        sequencer=upload.sequencer,
        etag=upload.etag,
        version_id=upload.version_id,
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
