"""Repairs of findings, each checked again under the row lock, because the listing may be outdated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote_plus

import structlog

from service.database.orm import transaction
from service.media.aws import call_queue
from service.media.enums import FileState
from service.media.models import File, FileRendition
from service.media.processing_results import ProcessingResults
from service.media.reconciliation.diff import Deadlines, Finding, Problem, Repair
from service.media.reconciliation.listings import HeadedObject, ObjectLister
from service.media.storage import UploadStorage

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

log: structlog.stdlib.BoundLogger = structlog.get_logger()
SEQUENCER_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Buckets:
    """Names of the two buckets."""

    uploads: str
    renditions: str


class UploadEvents(Protocol):
    """Sends events to the function."""

    async def send_created(self, bucket: str, key: str, found: HeadedObject, *, sequencer: str) -> None:
        """Sends the event that S3 sends when an object is created. Raises QueueUnavailable."""
        ...


class QueuedUploadEvents:
    """UploadEvents through the functions' queue."""

    def __init__(self, client: SQSClient, *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    async def send_created(self, bucket: str, key: str, found: HeadedObject, *, sequencer: str) -> None:
        """Sends one message; see UploadEvents."""
        body = json.dumps(created_event(bucket, key, found, sequencer=sequencer))
        await call_queue(lambda: self._client.send_message(QueueUrl=self._queue_url, MessageBody=body))


class Repairer:
    """Repairs findings. Each repair may be repeated or interrupted: the next run continues."""

    def __init__(
        self,
        *,
        buckets: Buckets,
        results: ProcessingResults,
        storage: UploadStorage,
        objects: ObjectLister,
        events: UploadEvents,
        max_removals: int,
    ) -> None:
        """`max_removals` bounds the removals, in case the table is wrong."""
        self._buckets = buckets
        self._results = results
        self._storage = storage
        self._objects = objects
        self._events = events
        self._removals_left = max_removals
        # Renditions of one file are consecutive, and one event makes all of them.
        self._last_processed: int | None = None

    async def repair(self, finding: Finding, deadlines: Deadlines) -> bool:
        """Repairs a finding; returns False if it no longer applies, or if no more may be removed.

        Raises StorageUnavailable and QueueUnavailable.
        """
        if finding.repair in {Repair.REMOVE, Repair.FORGET}:
            if self._removals_left <= 0:
                return False
            self._removals_left -= 1
        match finding.repair:
            case Repair.PROCESS:
                repaired = await self._process(finding)
            case Repair.EXPIRE:
                repaired = await self._expire(finding)
            case Repair.FORGET:
                repaired = await self._forget(finding)
            case Repair.REMOVE if finding.problem is Problem.STRAY_RENDITION:
                repaired = await self._remove_rendition(finding, deadlines)
            case _:
                repaired = await self._remove_upload(finding)
        event = "finding.repaired" if repaired else "finding.skipped"
        log.info(event, problem=finding.problem, key=finding.key)
        return repaired

    async def _process(self, finding: Finding) -> bool:
        if finding.file_id == self._last_processed:
            return True
        file = await File.get_or_none(id=finding.file_id)
        found = await self._find_upload(finding.upload_key)
        if file is None or file.state is FileState.DELETED or found is None:
            return False
        sequencer = next_sequencer(file.sequencer)
        await self._events.send_created(self._buckets.uploads, file.key, found, sequencer=sequencer)
        self._last_processed = finding.file_id
        return True

    async def _expire(self, finding: Finding) -> bool:
        async with transaction():
            begun = (FileState.PENDING, FileState.PROCESSING)
            file = await File.filter(id=finding.file_id, state__in=begun).select_for_update(no_key=True).first()
            if file is None or await self._find_upload(file.key):
                return False
            await File.filter(id=file.id).update(state=FileState.EXPIRED)
            return True

    async def _forget(self, finding: Finding) -> bool:
        async with transaction():
            file = await File.filter(id=finding.file_id, state=FileState.READY).select_for_update().first()
            if file is None or await self._find_upload(file.key):
                return False
            await self._results.delete_file(file)
            return True

    async def _find_upload(self, key: str) -> HeadedObject | None:
        return await self._objects.find_object(self._buckets.uploads, key)

    async def _remove_upload(self, finding: Finding) -> bool:
        async with transaction():
            rows = File.filter(bucket=self._buckets.uploads, key=finding.upload_key)
            file = await rows.select_for_update(no_key=True).first()
            if file is not None and file.state is not FileState.REJECTED:
                return False
            await self._storage.delete_upload(self._buckets.uploads, finding.upload_key)
            return True

    async def _remove_rendition(self, finding: Finding, deadlines: Deadlines) -> bool:
        async with transaction():
            # Processing takes this lock before it makes renditions.
            rows = File.filter(bucket=self._buckets.uploads, key=finding.upload_key)
            file = await rows.select_for_update(no_key=True).first()
            if file is not None and file.state is FileState.PROCESSING:
                return False
            if await FileRendition.exists(key=finding.key):
                return False
            found = await self._objects.find_object(self._buckets.renditions, finding.key)
            if found is not None:
                if not found.modified_at < deadlines.now - deadlines.grace:
                    return False
                await self._storage.delete_renditions(finding.key)
            return True


def next_sequencer(sequencer: str) -> str:
    """Returns the least sequencer that is newer than this one, so that any later real event is newer still."""
    return f"{int(sequencer.ljust(SEQUENCER_DIGITS, '0'), 16) + 1:0{SEQUENCER_DIGITS}X}"


def created_event(bucket: str, key: str, found: HeadedObject, *, sequencer: str) -> dict[str, Any]:
    """Returns the event that S3 sends when an object is created.

    Source: "Event message structure" in the Amazon S3 user guide, without the fields about the request.
    """
    described = {"key": quote_plus(key, safe="/"), "size": found.size_bytes, "eTag": found.etag, "sequencer": sequencer}
    if found.version_id:
        described["versionId"] = found.version_id
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "eventName": "ObjectCreated:Post",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                    "object": described,
                },
            }
        ]
    }
