"""Takes one removal from S3's event to the media service."""

import enum
from typing import Protocol

from marquee.media.v1 import media_pb2

from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.service import MediaConnection, UploadUnknown, object_version

_PREFIX = "uploads/"


class Outcome(enum.StrEnum):
    """How a removal ended. Every one of these is a success of the function."""

    FORGOTTEN = "forgotten"
    STILL_THERE = "still_there"
    """An object stands under the key: an older version went, or a delete marker, or another upload came."""
    UNKNOWN_UPLOAD = "unknown_upload"
    FOREIGN = "foreign"
    """Not about an upload's removal: another key, or a creation."""


class Presence(Protocol):
    """Who knows what stands under a key."""

    def exists(self, bucket: str, key: str) -> bool:
        """Tells whether an object can be fetched under `key` now; raises whatever the storage fails with."""


class Forgetting(Protocol):
    """Who takes the function's reports."""

    def forget(self, removal: ObjectEvent) -> None:
        """Records that the object is gone; raises UploadUnknown or ReportFailed."""


class MediaService:
    """Forgetting on the media service's ForgetFile."""

    def __init__(self, connection: MediaConnection) -> None:
        """Takes the connection; nothing is sent yet."""
        self._connection = connection

    def forget(self, removal: ObjectEvent) -> None:
        """Records that the object is gone; raises UploadUnknown or ReportFailed."""
        request = media_pb2.ForgetFileRequest(object=object_version(removal))
        self._connection.call(self._connection.stub.ForgetFile, request)


def forget(removal: ObjectEvent, *, storage: Presence, registry: Forgetting) -> Outcome:
    """Reports one removal unless an object stands under its key.

    A repeat reports the same again, which the service takes for nothing new. Raises whatever storage or service
    fail with: faults that another delivery of the event may not meet.
    """
    if not removal.is_removal or not removal.key.startswith(_PREFIX):
        return Outcome.FOREIGN
    # S3 says "removed" of a delete marker, too, whose removal brings the object back.
    if storage.exists(removal.bucket, removal.key):
        return Outcome.STILL_THERE
    try:
        registry.forget(removal)
    except UploadUnknown:
        return Outcome.UNKNOWN_UPLOAD
    return Outcome.FORGOTTEN
