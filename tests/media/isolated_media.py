"""Buckets and tables that a test can damage and reconcile."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from service.catalog.service import PosterOwner
from service.database import orm
from service.media.compose import compose_reconciliation
from service.media.enums import FileKind
from service.media.processing_results import ProcessingResults
from service.media.reconciliation.diff import Deadlines
from service.media.reconciliation.listings import HeadedObject
from service.media.reconciliation.service import Outcome, Reconciliation
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.object_storage import ObjectStorage

NOW = datetime.now(UTC)
# At this time, everything that the tests create counts as old.
LATER = Deadlines(NOW + timedelta(days=2))
NO_MEDIA: Any = None
RESULTS = ProcessingResults(media=NO_MEDIA, owners={FileKind.POSTER: PosterOwner()})


@dataclass
class RecordingEvents:
    """Records the events that would be sent to the queue."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    async def send_created(self, bucket: str, key: str, found: HeadedObject, *, sequencer: str) -> None:  # noqa: ARG002
        self.sent.append((key, sequencer))


class IsolatedMedia:
    """Two buckets and two tables that only one test uses."""

    def __init__(self, objects: ObjectStorage, settings: Settings, database: asyncpg.Connection) -> None:
        self.s3 = objects.s3
        name = secrets.token_hex(4)
        self.uploads, self.renditions = f"uploads-{name}", f"renditions-{name}"
        for bucket in (self.uploads, self.renditions):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket=self.uploads, VersioningConfiguration={"Status": "Enabled"})
        self.settings = settings.model_copy(
            update={
                "upload_bucket": self.uploads,
                "rendition_bucket": self.renditions,
                "s3_endpoint_url": objects.aws.endpoint_url,
                "upload_queue_url": "http://queue.test/uploads",
                "upload_dead_letters_url": "http://queue.test/dead",
            }
        )
        self.events = RecordingEvents()
        self.database = database
        self._objects = objects

    def put(self, key: str, data: bytes = b"a picture") -> str:
        """Stores an upload and returns its entity tag."""
        return self.s3.put_object(Bucket=self.uploads, Key=key, Body=data)["ETag"].strip('"')

    def render(self, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=self.renditions, Key=key, Body=b"smaller")

    async def add(self, state: str, key: str = "", *, etag: str = "", sequencer: str = "0A") -> str:
        """Adds a file whose form has expired, and two renditions if it is READY; returns the key of the file."""
        key = key or f"uploads/poster/{secrets.token_hex(16)}"
        file_id = await self.database.fetchval(
            "INSERT INTO files (kind, file_name, mime_type, bucket, key, size_bytes, expires_at)"
            " VALUES ('poster', 'p', 'image/png', $1, $2, 1, now()) RETURNING id",
            self.uploads,
            key,
        )
        if state != "pending":
            await self.database.execute(
                "UPDATE files SET state = $2::varchar, etag = $3, sequencer = $4, width = 1, height = 1, sha256 = $5,"
                " thumbhash = $5, dominant_color = '#000000',"
                " rejection_reason = CASE WHEN $2::varchar = 'rejected' THEN 'corrupt' ELSE '' END WHERE id = $1",
                file_id,
                state,
                etag,
                sequencer,
                bytes(32),
            )
        if state == "ready":
            for name in ("a.jpg", "b.webp"):
                await self.database.execute(
                    "INSERT INTO file_renditions (file_id, format, width, height, size_bytes, sha256, key)"
                    " VALUES ($1, $2, 1, 1, 1, $3, $4)",
                    file_id,
                    name[2:].replace("jpg", "jpeg"),
                    bytes(32),
                    rendition(key, name),
                )
        return key

    async def state(self, key: str) -> str | None:
        found: str | None = await self.database.fetchval("SELECT state FROM files WHERE key = $1", key)
        return found

    def stored(self, bucket: str) -> set[str]:
        """Returns the keys of all remaining versions."""
        answer = self.s3.list_object_versions(Bucket=bucket)
        return {entry["Key"] for entry in [*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())]}

    async def reconcile(self, *, fix: bool, deadlines: Deadlines = LATER, max_removals: int = 100) -> list[Outcome]:
        async with self.reconciliation(fix=fix, max_removals=max_removals) as reconciliation:
            return [outcome async for outcome in reconciliation.reconcile(deadlines, fix=fix)]

    @asynccontextmanager
    async def reconciliation(self, *, fix: bool, max_removals: int) -> AsyncIterator[Reconciliation]:
        with self._objects.credentials():
            storage = S3UploadStorage.from_settings(self.settings)
            async with orm.connected(self.settings):
                yield await compose_reconciliation(
                    self.settings,
                    results=RESULTS,
                    storage=storage,
                    events=self.events,
                    fix=fix,
                    max_removals=max_removals,
                )


def rendition(key: str, name: str) -> str:
    return f"{key.removeprefix('uploads/')}/{name}"
