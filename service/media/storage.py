"""The object storage that clients upload into."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import boto3
from botocore.config import Config

from service.settings import Settings


@dataclass(frozen=True)
class UploadForm:
    """An HTTP form that storage accepts one object through."""

    url: str
    fields: Mapping[str, str]
    expires_at: datetime


class UploadStorage(Protocol):
    """Makes upload forms."""

    bucket: str

    async def upload_form(self, key: str, *, content_type: str, max_bytes: int, sha256: bytes | None) -> UploadForm:
        """Returns a form whose policy pins the key, the type, the size range and the announced checksum."""
        ...


class S3UploadStorage:
    """S3, or what speaks its protocol, through presigned POSTs."""

    def __init__(self, client: Any, *, bucket: str, ttl: float) -> None:
        self.bucket = bucket
        self._client = client
        self._ttl = ttl

    @classmethod
    def from_settings(cls, settings: Settings) -> S3UploadStorage:
        """Makes the client; credentials come from boto3's usual chain."""
        client = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint_url,
            region_name=settings.s3_region,
            # Only AWS itself answers at <bucket>.<host>.
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if settings.s3_endpoint_url else "virtual"},
            ),
        )
        return cls(client, bucket=settings.upload_bucket, ttl=settings.upload_ttl)

    async def upload_form(self, key: str, *, content_type: str, max_bytes: int, sha256: bytes | None) -> UploadForm:
        """Signs the form; off the loop, since fresh credentials may have to be fetched first."""
        pinned = {"Content-Type": content_type}
        if sha256 is not None:
            pinned["x-amz-meta-sha256"] = sha256.hex()
        expires_at = datetime.now(UTC) + timedelta(seconds=self._ttl)
        form = await asyncio.to_thread(
            self._client.generate_presigned_post,
            self.bucket,
            key,
            Fields=dict(pinned),
            Conditions=[
                *({name: value} for name, value in pinned.items()),
                ["content-length-range", 1, max_bytes],
            ],
            ExpiresIn=int(self._ttl),
        )
        return UploadForm(form["url"], form["fields"], expires_at)
