"""Complete upload system for fault tests: a server, its storage and a user who uploads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from marquee.media.v1 import media_pb2

from service.media.compose import compose_reconciliation
from service.media.models import File
from service.media.processing_results import ProcessingResults
from service.media.reconciliation.diff import Deadlines
from service.media.reconciliation.listings import HeadedObject
from service.media.reconciliation.repair import created_event
from service.media.reconciliation.service import Outcome
from service.media.removal import FileRemoval
from service.media.sweeping import Sweep
from service.settings import Settings
from tests.client import Client
from tests.lambdas import images
from tests.media.uploads import upload
from tests.object_storage import UPLOADS, ObjectStorage
from tests.outage import seconds_until, served

PICTURE = images.encoded(images.quartered(64, 64))
PENDING, PROCESSING = media_pb2.FILE_STATE_PENDING, media_pb2.FILE_STATE_PROCESSING
READY = media_pb2.FILE_STATE_READY
EXPIRED, DELETED = media_pb2.FILE_STATE_EXPIRED, media_pb2.FILE_STATE_DELETED
PATIENCE = 60.0
"""Seconds; the cold start of a function is slow on a busy machine."""
NO_MEDIA: Any = None
RESULTS = ProcessingResults(media=NO_MEDIA, owners={})


@dataclass
class UploadSystem:
    """A server, its storage and a user who uploads."""

    user: Client
    objects: ObjectStorage
    settings: Settings
    events: list[dict[str, Any]] = field(default_factory=list)
    """Events that a reconciliation sent."""

    async def upload(self, data: bytes = PICTURE) -> media_pb2.File:
        """Uploads an avatar as a client does."""
        request = upload(content_type="image/png", size_bytes=len(data))
        answer: media_pb2.CreateUploadResponse = await self.user.media.CreateUpload(request)
        await asyncio.to_thread(self.objects.upload, answer, data)
        return answer.file

    async def reuse_form(self, file: media_pb2.File, data: bytes) -> None:
        """Uploads another image under the same key, as a second use of the form does."""
        put = self.objects.s3.put_object
        await asyncio.to_thread(lambda: put(Bucket=UPLOADS, Key=file.key, Body=data, ContentType="image/png"))

    async def expire_form(self, file: media_pb2.File) -> None:
        """Sets the expiry of the file's form to the past and runs the sweep."""
        await File.filter(id=file.id).update(expires_at=datetime.now(UTC) - timedelta(days=1))
        assert (await Sweep(removal=FileRemoval(storage=self.objects.storage)).sweep()).expired == 1

    async def get(self, file: media_pb2.File) -> media_pb2.File:
        answer: media_pb2.GetFileResponse = await self.user.media.GetFile(media_pb2.GetFileRequest(id=file.id))
        return answer.file

    async def wait_for_state(self, file: media_pb2.File, state: int) -> media_pb2.File:
        async def has_state() -> bool:
            return (await self.get(file)).state == state

        await seconds_until(has_state, within=PATIENCE)
        return await self.get(file)

    def event(self, file: media_pb2.File, sequencer: str) -> dict[str, Any]:
        """Returns the event that S3 sends for an upload."""
        head = self.objects.s3.head_object(Bucket=UPLOADS, Key=file.key)
        found = HeadedObject(head["ETag"].strip('"'), head["VersionId"], head["ContentLength"], head["LastModified"])
        return created_event(UPLOADS, file.key, found, sequencer=sequencer)

    async def reconcile(self, *, fix: bool) -> list[Outcome]:
        """Runs a reconciliation for which all rows and objects are old enough."""
        with self.objects.credentials():
            reconciliation = await compose_reconciliation(
                self.settings, results=RESULTS, storage=self.objects.storage, fix=fix, max_removals=100, events=self
            )
        deadlines = Deadlines(datetime.now(UTC) + timedelta(days=2))
        return [outcome async for outcome in reconciliation.reconcile(deadlines, fix=fix)]

    async def problems(self, *keys: str) -> set[str]:
        """Returns the problems of these files without repairing them."""
        found = await self.reconcile(fix=False)
        return {outcome.finding.problem.value for outcome in found if outcome.finding.upload_key in keys}

    async def send_created(self, bucket: str, key: str, found: HeadedObject, *, sequencer: str) -> None:
        """Records an event that a reconciliation sends."""
        self.events.append(created_event(bucket, key, found, sequencer=sequencer))


@asynccontextmanager
async def upload_system(objects: ObjectStorage, settings: Settings) -> AsyncIterator[UploadSystem]:
    """Yields a server that uses the storage, with a registered user."""
    own = settings.model_copy(update={"s3_endpoint_url": objects.aws.endpoint_url})
    async with served(own, objects.storage) as server:
        yield UploadSystem(await server.client.registered(), objects, own)
