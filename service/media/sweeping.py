"""Sweep: expires uploads that never arrived and removes replaced and deleted files, in small batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from service.database.orm import transaction
from service.media.enums import FileState
from service.media.models import File
from service.media.removal import LATE_ARRIVAL, FileRemoval

BATCH = 200


@dataclass(frozen=True, slots=True)
class SweepResult:
    """Numbers of files of one sweep."""

    expired: int
    """Uploads that never arrived."""
    checked: int
    """Released images that were checked; those without an owner become DELETED."""
    removed: int
    """Files whose objects and rows were removed."""


class Sweep:
    """Runs the jobs; a repeat or a concurrent run does no harm."""

    def __init__(self, *, removal: FileRemoval) -> None:
        self._removal = removal

    async def sweep(self) -> SweepResult:
        """Runs every job until nothing is left. Raises StorageUnavailable; finished batches remain."""
        return SweepResult(
            expired=await _until_done(self.expire),
            checked=await _until_done(self._removal.collect_replaced),
            removed=await _until_done(self._removal.sweep),
        )

    async def expire(self) -> int:
        """Makes a batch of PENDING files EXPIRED whose form has expired; returns their number.

        An object that arrives later is processed as usual. Locked files are left for the next batch.
        """
        ended = File.filter(state=FileState.PENDING, expires_at__lt=datetime.now(UTC) - LATE_ARRIVAL)
        async with transaction():
            batch = ended.order_by("expires_at").limit(BATCH).select_for_update(skip_locked=True, no_key=True)
            ids = [file.id for file in await batch.only("id")]
            if ids:
                await File.filter(id__in=ids).update(state=FileState.EXPIRED)
        return len(ids)


async def _until_done(batch: Callable[[], Awaitable[int]]) -> int:
    total = 0
    while done := await batch():
        total += done
    return total
