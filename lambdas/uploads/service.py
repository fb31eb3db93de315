"""Connection to the media service over gRPC."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from marquee.media.v1 import media_pb2, media_pb2_grpc

from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.settings import FunctionSettings

Response = TypeVar("Response")

_SERVICE = "marquee.media.v1.MediaService"
# Only UNAVAILABLE means that the call had no effect, so only this code is retried here. For any other error the queue
# delivers the event again later.
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
    """The service has no upload with this key: it was swept or deleted, or the key is not one of its own."""


class ReportFailed(RuntimeError):
    """The report did not reach the service; the queue must deliver the event again."""


class MediaConnection:
    """One channel to the media service, reused by every call, with the retries, deadline and token of a function."""

    def __init__(self, settings: FunctionSettings) -> None:
        """Creates the channel and sends nothing yet."""
        options = (("grpc.service_config", _SERVICE_CONFIG), ("grpc.enable_retries", 1))
        if settings.service_tls:
            self._channel = grpc.secure_channel(
                settings.service_address, grpc.ssl_channel_credentials(), options=options
            )
        else:
            self._channel = grpc.insecure_channel(settings.service_address, options=options)
        self.stub = media_pb2_grpc.MediaServiceStub(self._channel)
        self._metadata = (("authorization", f"Bearer {settings.service_token}"),)
        self._deadline = settings.service_deadline

    def call(self, method: Callable[..., Response], request: object) -> Response:
        """Calls a method of `stub`; raises UploadUnknown or ReportFailed."""
        try:
            return method(request, timeout=self._deadline, metadata=self._metadata, wait_for_ready=True)
        except grpc.RpcError as error:
            call: Any = error  # every error of a stub is also a grpc.Call, which the types do not say
            if call.code() is grpc.StatusCode.NOT_FOUND:
                raise UploadUnknown from error
            raise ReportFailed(f"{call.code().name}: {call.details()}") from error

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()


def object_version(event: ObjectEvent) -> media_pb2.ObjectVersion:
    """Returns the message that identifies the object of an event."""
    return media_pb2.ObjectVersion(
        bucket=event.bucket,
        key=event.key,
        sequencer=event.sequencer,
        etag=event.etag,
        version_id=event.version_id,
    )
