"""One walk over both buckets and their tables, in a few batches of memory whatever their size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

from service.media.models import File, FileRendition, FileState
from service.media.reconciliation.diff import (
    Finding,
    Patience,
    Problem,
    judge_rendition,
    judge_upload,
)
from service.media.reconciliation.listings import ObjectLister, RowReader, merged
from service.media.reconciliation.repair import Buckets, Repairs
from service.media.service import UPLOAD_PREFIX

BATCH = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finding and what became of it."""

    finding: Finding
    is_mended: bool


class Reconciliation:
    """Compares the upload bucket with the files, and the rendition bucket with their renditions, both ways."""

    def __init__(self, *, buckets: Buckets, rows: RowReader, objects: ObjectLister, repairs: Repairs) -> None:
        self._buckets = buckets
        self._rows = rows
        self._objects = objects
        self.repairs = repairs

    async def reconcile(self, patience: Patience, *, fix: bool) -> AsyncIterator[Outcome]:
        """Yields what is amiss, uploads first, each by key; with `fix`, mends it on the way.

        A repeat finds nothing of what was mended, once the function has worked off what it was sent. Raises
        ListingUnordered, StorageUnavailable, QueueUnavailable and DatabaseUnreachable.
        """
        for findings in (self._uploads(patience), self._renditions(patience)):
            async for batch in _batched(findings):
                for finding in await self._confirmed(batch, patience):
                    is_mended = fix and await self.repairs.mend(finding, patience)
                    yield Outcome(finding, is_mended)

    async def _uploads(self, patience: Patience) -> AsyncIterator[Finding]:
        found = self._objects.listed(self._buckets.uploads, UPLOAD_PREFIX)
        async for one, row in merged(found, self._rows.files(self._buckets.uploads)):
            if finding := judge_upload(one, row, patience):
                yield finding

    async def _renditions(self, patience: Patience) -> AsyncIterator[Finding]:
        found = self._objects.listed(self._buckets.renditions, "")
        async for one, row in merged(found, self._rows.renditions()):
            if finding := judge_rendition(one, row, patience):
                yield finding

    async def _confirmed(self, batch: Sequence[Finding], patience: Patience) -> list[Finding]:
        """Leaves out what changed since the walk began, and stray renditions that the sweep will take or work made."""
        keys = {finding.upload_key for finding in batch}
        files = await File.filter(bucket=self._buckets.uploads, key__in=keys).only("id", "key", "state", "updated_at")
        by_key = {file.key: file for file in files}
        listed = FileRendition.filter(file_id__in=[file.id for file in files]).distinct()
        listing = {row["file_id"] for row in await listed.values("file_id")}
        return [finding for finding in batch if _stands(finding, by_key.get(finding.upload_key), listing, patience)]


def _stands(finding: Finding, file: File | None, listing: Collection[int], patience: Patience) -> bool:
    match finding.problem:
        # Of a READY file that lists none, objects are no strays: it lost its rows, and will list them again.
        case Problem.STRAY_RENDITION if file is not None and file.state is FileState.READY:
            return file.id in listing
        case Problem.STRAY_RENDITION:
            return file is None or file.state not in {FileState.DELETED, FileState.PROCESSING}
        case Problem.OBJECT_WITHOUT_ROW:
            return file is None
    return file is not None and file.updated_at < patience.now


async def _batched(findings: AsyncIterator[Finding]) -> AsyncIterator[list[Finding]]:
    batch: list[Finding] = []
    async for finding in findings:
        batch.append(finding)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
