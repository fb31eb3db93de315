"""One pass over both buckets and their tables, with only a few batches in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

from service.media.enums import FileState
from service.media.models import File, FileRendition
from service.media.reconciliation.diff import (
    Deadlines,
    Finding,
    Problem,
    diff_rendition,
    diff_upload,
)
from service.media.reconciliation.listings import ObjectLister, RowReader, merged
from service.media.reconciliation.repair import Buckets, Repairer
from service.media.service import UPLOAD_PREFIX

BATCH = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finding and the outcome of its repair."""

    finding: Finding
    is_repaired: bool


class Reconciliation:
    """Compares the upload bucket with the files, and the rendition bucket with their renditions, both ways."""

    def __init__(self, *, buckets: Buckets, rows: RowReader, objects: ObjectLister, repairer: Repairer) -> None:
        self._buckets = buckets
        self._rows = rows
        self._objects = objects
        self.repairer = repairer

    async def reconcile(self, deadlines: Deadlines, *, fix: bool) -> AsyncIterator[Outcome]:
        """Yields the findings, uploads first, each sorted by key; with `fix`, repairs them.

        A repeat does not find repaired ones once the function has processed its events. Raises
        ListingUnordered, StorageUnavailable, QueueUnavailable and DatabaseUnreachable.
        """
        for findings in (self._uploads(deadlines), self._renditions(deadlines)):
            async for batch in _batched(findings):
                for finding in await self._confirmed(batch, deadlines):
                    is_repaired = fix and await self.repairer.repair(finding, deadlines)
                    yield Outcome(finding, is_repaired)

    async def _uploads(self, deadlines: Deadlines) -> AsyncIterator[Finding]:
        found = self._objects.listed(self._buckets.uploads, UPLOAD_PREFIX)
        async for one, row in merged(found, self._rows.files(self._buckets.uploads)):
            if finding := diff_upload(one, row, deadlines):
                yield finding

    async def _renditions(self, deadlines: Deadlines) -> AsyncIterator[Finding]:
        found = self._objects.listed(self._buckets.renditions, "")
        async for one, row in merged(found, self._rows.renditions()):
            if finding := diff_rendition(one, row, deadlines):
                yield finding

    async def _confirmed(self, batch: Sequence[Finding], deadlines: Deadlines) -> list[Finding]:
        """Drops findings that changed since the pass began, and stray renditions that other work handles."""
        keys = {finding.upload_key for finding in batch}
        files = await File.filter(bucket=self._buckets.uploads, key__in=keys).only("id", "key", "state", "updated_at")
        by_key = {file.key: file for file in files}
        listed = FileRendition.filter(file_id__in=[file.id for file in files]).distinct()
        listing = {row["file_id"] for row in await listed.values("file_id")}
        return [
            finding for finding in batch if _still_applies(finding, by_key.get(finding.upload_key), listing, deadlines)
        ]


def _still_applies(finding: Finding, file: File | None, listing: Collection[int], deadlines: Deadlines) -> bool:
    match finding.problem:
        # Objects of a READY file without rendition rows are not stray: it lost its rows and gets them again.
        case Problem.STRAY_RENDITION if file is not None and file.state is FileState.READY:
            return file.id in listing
        case Problem.STRAY_RENDITION:
            return file is None or file.state not in {FileState.DELETED, FileState.PROCESSING}
        case Problem.OBJECT_WITHOUT_ROW:
            return file is None
    return file is not None and file.updated_at < deadlines.now


async def _batched(findings: AsyncIterator[Finding]) -> AsyncIterator[list[Finding]]:
    batch: list[Finding] = []
    async for finding in findings:
        batch.append(finding)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
