"""Object storage for this function: reads a source, writes renditions, removes rejected uploads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from lambdas.uploads.storage import DELETE_MARKER, GONE, find_etag

_CACHE_CONTROL = "public, max-age=31536000, immutable"


class ObjectGone(Exception):
    """The object does not exist."""


class ObjectTooLarge(Exception):
    """The object has more bytes than the caller allows."""


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object's bytes and the sha256 (hexadecimal, or empty) that its uploader sent as metadata."""

    data: bytes
    expected_sha256: str


class ObjectStore(Protocol):
    """The part of S3 that the pipeline needs."""

    def fetch(self, bucket: str, key: str, *, version_id: str, limit: int) -> StoredObject:
        """Reads an object; raises ObjectGone, and ObjectTooLarge without reading more than `limit` bytes."""

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str) -> None:
        """Writes an object that caches may store forever."""

    def remove(self, bucket: str, key: str) -> None:
        """Removes an object; does nothing if it is missing."""

    def remove_version(self, bucket: str, key: str, *, version_id: str, etag: str) -> None:
        """Removes the named version permanently; does nothing if it is missing.

        In a bucket without versioning, removes the object only if its entity tag is still `etag`, so that a newer
        upload under the same key remains.
        """


class S3Store:
    """ObjectStore on S3."""

    def __init__(self, *, client: Any) -> None:
        """Stores the client of botocore, which has no static types."""
        self._client: Any = client

    def fetch(self, bucket: str, key: str, *, version_id: str, limit: int) -> StoredObject:
        """Reads an object; raises ObjectGone, and ObjectTooLarge without reading more than `limit` bytes."""
        try:
            response = self._client.get_object(Bucket=bucket, Key=key, **_version(version_id))
        except ClientError as error:
            if error.response["Error"]["Code"] in {*GONE, DELETE_MARKER}:
                raise ObjectGone(key) from error
            raise
        with response["Body"] as body:
            if response["ContentLength"] > limit:
                raise ObjectTooLarge(key)
            data: bytes = body.read(limit + 1)
        if len(data) > limit:
            raise ObjectTooLarge(key)
        return StoredObject(data=data, expected_sha256=response.get("Metadata", {}).get("sha256", ""))

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str) -> None:
        """Writes an object that caches may store forever."""
        self._client.put_object(
            Bucket=bucket, Key=key, Body=data, ContentType=content_type, CacheControl=_CACHE_CONTROL
        )

    def remove(self, bucket: str, key: str) -> None:
        """Removes an object; does nothing if it is missing."""
        self._client.delete_object(Bucket=bucket, Key=key)

    def remove_version(self, bucket: str, key: str, *, version_id: str, etag: str) -> None:
        """Removes the named version permanently; see ObjectStore."""
        if not version_id and find_etag(self._client, bucket, key) != etag:
            return
        self._client.delete_object(Bucket=bucket, Key=key, **_version(version_id))


def _version(version_id: str) -> Mapping[str, str]:
    return {"VersionId": version_id} if version_id else {}
