"""Object storage: clients upload into one bucket, and the Lambda functions write renditions into another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError

from service.media.aws import call_storage
from service.settings import Settings

GONE = frozenset({"NoSuchKey", "404"})


@dataclass(frozen=True)
class UploadForm:
    """HTTP form with which a client uploads one object."""

    url: str
    fields: Mapping[str, str]
    expires_at: datetime


class UploadStorage(Protocol):
    """Creates upload forms, and reads and deletes uploads and renditions."""

    bucket: str

    async def upload_form(self, key: str, *, content_type: str, max_bytes: int, sha256: bytes | None) -> UploadForm:
        """Returns a form whose policy pins the key, the type, the size range and the announced checksum."""
        ...

    async def find_upload(self, bucket: str, key: str) -> bytes | None:
        """Returns the bytes of an upload; None if it does not exist. Raises StorageUnavailable."""
        ...

    async def delete_upload(self, bucket: str, key: str) -> None:
        """Deletes every version of an upload permanently; a missing object is no error. Raises StorageUnavailable."""
        ...

    async def delete_renditions(self, prefix: str) -> None:
        """Deletes every rendition with the prefix permanently. Raises StorageUnavailable."""
        ...


class S3UploadStorage:
    """S3, or a compatible server. Forms are presigned POSTs. boto3 blocks, so its calls run in threads."""

    def __init__(self, client: Any, *, bucket: str, rendition_bucket: str, ttl: float) -> None:
        """`ttl` is the validity of a form in seconds."""
        self.bucket = bucket
        self._rendition_bucket = rendition_bucket
        self._client = client
        self._ttl = ttl

    @classmethod
    def from_settings(cls, settings: Settings) -> S3UploadStorage:
        """Returns a storage with a new client."""
        return cls(
            s3_client(settings),
            bucket=settings.upload_bucket,
            rendition_bucket=settings.rendition_bucket,
            ttl=settings.upload_ttl,
        )

    async def upload_form(self, key: str, *, content_type: str, max_bytes: int, sha256: bytes | None) -> UploadForm:
        """Signs the form in a thread, because boto3 may first fetch new credentials."""
        pinned = {"Content-Type": content_type}
        if sha256 is not None:
            pinned["x-amz-meta-sha256"] = sha256.hex()
        expires_at = datetime.now(UTC) + timedelta(seconds=self._ttl)
        conditions = [*({name: value} for name, value in pinned.items()), ["content-length-range", 1, max_bytes]]
        form = await call_storage(lambda: self._sign_form(key, fields=dict(pinned), conditions=conditions))
        return UploadForm(form["url"], form["fields"], expires_at)

    async def find_upload(self, bucket: str, key: str) -> bytes | None:
        """Reads the newest version; see UploadStorage."""
        return await call_storage(lambda: self._read(bucket, key))

    async def delete_upload(self, bucket: str, key: str) -> None:
        """Deletes versions and delete markers; see UploadStorage."""
        await call_storage(lambda: self._delete_versions(bucket, key, exactly=True))

    async def delete_renditions(self, prefix: str) -> None:
        """Deletes versions and delete markers; see UploadStorage."""
        await call_storage(lambda: self._delete_versions(self._rendition_bucket, prefix, exactly=False))

    def _sign_form(self, key: str, *, fields: dict[str, str], conditions: list[Any]) -> Any:
        try:
            return self._client.generate_presigned_post(
                self.bucket, key, Fields=fields, Conditions=conditions, ExpiresIn=int(self._ttl)
            )
        except AttributeError as error:
            # boto3 does not check that there are credentials before it signs a form.
            raise NoCredentialsError from error

    def _read(self, bucket: str, key: str) -> bytes | None:
        try:
            with self._client.get_object(Bucket=bucket, Key=key)["Body"] as body:
                data: bytes = body.read()
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise
        return data

    def _delete_versions(self, bucket: str, prefix: str, *, exactly: bool) -> None:
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            found = [
                {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                for entry in _entries(page)
                if not exactly or entry["Key"] == prefix
            ]
            if not found:
                continue
            answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
            for failure in answer.get("Errors", ()):
                raise ClientError({"Error": failure}, "DeleteObjects")


def s3_client(settings: Settings) -> Any:
    """Returns a client with the credentials of boto3's usual chain."""
    return boto3.Session().client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name=settings.s3_region,
        config=Config(
            signature_version="s3v4",
            # Only AWS serves buckets at <bucket>.<host>.
            s3={"addressing_style": "path" if settings.s3_endpoint_url else "virtual"},
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "max_attempts": 2},
        ),
    )


def _entries(page: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    yield from page.get("Versions", ())
    yield from page.get("DeleteMarkers", ())
