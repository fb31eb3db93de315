"""Reports one removal from an S3 event to the media service."""

import enum
from typing import Protocol

from marquee.media.v1 import media_pb2

from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.service import MediaConnection, UploadUnknown, object_version

_PREFIX = "uploads/"


class RemovalStatus(enum.StrEnum):
    """Status of a processed removal. Each one is a success of the function."""

    FORGOTTEN = "forgotten"
    STILL_THERE = "still_there"
    """The key has an object: an older version or a delete marker was removed, or a newer upload arrived."""
    UNKNOWN_UPLOAD = "unknown_upload"
    IGNORED = "ignored"
    """The event is not the removal of an upload: its key is another one, or it is a creation."""


class ObjectLookup(Protocol):
    """Finds objects in the storage."""

    def exists(self, bucket: str, key: str) -> bool:
        """Returns whether an object can be read under `key` now; raises the errors of the storage."""


class RemovalReporter(Protocol):
    """Receiver of the function's reports."""

    def forget(self, removal: ObjectEvent) -> None:
        """Records that the object is gone; raises UploadUnknown or ReportFailed."""


class MediaService:
    """RemovalReporter that calls ForgetFile of the media service."""

    def __init__(self, connection: MediaConnection) -> None:
        """Stores the connection and sends nothing yet."""
        self._connection = connection

    def forget(self, removal: ObjectEvent) -> None:
        """Records that the object is gone; raises UploadUnknown or ReportFailed."""
        request = media_pb2.ForgetFileRequest(object=object_version(removal))
        self._connection.call(self._connection.stub.ForgetFile, request)


def forget(removal: ObjectEvent, *, storage: ObjectLookup, reporter: RemovalReporter) -> RemovalStatus:
    """Reports one removal unless its key has an object.

    A repeated event sends the same report, which changes nothing at the service. Raises the errors of the storage and
    the service: a later delivery of the event can succeed.
    """
    if not removal.is_removal or not removal.key.startswith(_PREFIX):
        return RemovalStatus.IGNORED
    # S3 also reports the removal of a delete marker, which restores the object.
    if storage.exists(removal.bucket, removal.key):
        return RemovalStatus.STILL_THERE
    try:
        reporter.forget(removal)
    except UploadUnknown:
        return RemovalStatus.UNKNOWN_UPLOAD
    return RemovalStatus.FORGOTTEN
