"""The object storage as the function uses it: one source to read, renditions to write."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from lambdas.uploads.storage import DELETE_MARKER, GONE, find_etag

_CACHE_CONTROL = "public, max-age=31536000, immutable"


class ObjectGone(Exception):
    """The object does not exist any more."""


class ObjectTooLarge(Exception):
    """The object has more bytes than the caller takes."""


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object's bytes and the sha256 (hexadecimal, or empty) that its uploader announced."""

    data: bytes
    announced_sha256: str


class ObjectStore(Protocol):
    """What the pipeline needs of S3."""

    def fetch(self, bucket: str, key: str, *, version_id: str, limit: int) -> StoredObject:
        """Reads an object; raises ObjectGone, and ObjectTooLarge without reading more than `limit` bytes."""

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str) -> None:
        """Writes an object that caches may keep forever."""

    def remove(self, bucket: str, key: str) -> None:
        """Removes an object; a missing one is a no-op."""

    def remove_version(self, bucket: str, key: str, *, version_id: str, etag: str) -> None:
        """Removes exactly the version named, for good.

        In a bucket without versions the object is removed only while its entity tag is still `etag`, so that
        a newer upload under the same key stays. Missing objects are a no-op.
        """


class S3Store:
    """ObjectStore on S3."""

    def __init__(self, *, client: Any) -> None:
        """Takes botocore's client, which has no static types."""
        self._client: Any = client

    def fetch(self, bucket: str, key: str, *, version_id: str, limit: int) -> StoredObject:
        """Reads an object; raises ObjectGone, and ObjectTooLarge without reading more than `limit` bytes."""
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key, **_version(version_id))
        except ClientError as error:
            if error.response["Error"]["Code"] in {*GONE, DELETE_MARKER}:
                raise ObjectGone(key) from error
            raise
        with answer["Body"] as body:
            if answer["ContentLength"] > limit:
                raise ObjectTooLarge(key)
            data: bytes = body.read(limit + 1)
        if len(data) > limit:
            raise ObjectTooLarge(key)
        return StoredObject(data=data, announced_sha256=answer.get("Metadata", {}).get("sha256", ""))

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str) -> None:
        """Writes an object that caches may keep forever."""
        self._client.put_object(
            Bucket=bucket, Key=key, Body=data, ContentType=content_type, CacheControl=_CACHE_CONTROL
        )

    def remove(self, bucket: str, key: str) -> None:
        """Removes an object; a missing one is a no-op."""
        self._client.delete_object(Bucket=bucket, Key=key)

    def remove_version(self, bucket: str, key: str, *, version_id: str, etag: str) -> None:
        """Removes exactly the version named; see ObjectStore."""
        if not version_id and find_etag(self._client, bucket, key) != etag:
            return
        self._client.delete_object(Bucket=bucket, Key=key, **_version(version_id))


def _version(version_id: str) -> Mapping[str, str]:
    return {"VersionId": version_id} if version_id else {}
