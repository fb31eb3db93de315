"""The sweep: uploads that never came expire, what was replaced or deleted goes from storage, in small batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from service.database.orm import transaction
from service.media.models import File, FileState
from service.media.removal import LATE, FileRemoval

BATCH = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """How many files a sweep went through."""

    expired: int
    """Uploads that never came."""
    looked_at: int
    """Pictures that an owner let go of: those that nobody shows are given up."""
    removed: int
    """Files whose objects and rows are gone."""


class Sweep:
    """Clears away; a repeat, also beside another, changes nothing more."""

    def __init__(self, *, removal: FileRemoval) -> None:
        self._removal = removal

    async def sweep(self) -> Swept:
        """Works until nothing is left. Raises StorageUnavailable; what was done by then stays done."""
        return Swept(
            expired=await _until_nothing_is_left(self.expire),
            looked_at=await _until_nothing_is_left(self._removal.collect_replaced),
            removed=await _until_nothing_is_left(self._removal.sweep),
        )

    async def expire(self) -> int:
        """Makes a batch of PENDING files EXPIRED once nothing can arrive through their form; returns how many.

        What arrives for all that is processed as ever. A file that is being written to waits for the next batch.
        """
        ended = File.filter(state=FileState.PENDING, expires_at__lt=datetime.now(UTC) - LATE)
        async with transaction():
            batch = ended.order_by("expires_at").limit(BATCH).select_for_update(skip_locked=True, no_key=True)
            ids = [file.id for file in await batch.only("id")]
            if ids:
                await File.filter(id__in=ids).update(state=FileState.EXPIRED)
        return len(ids)


async def _until_nothing_is_left(batch: Callable[[], Awaitable[int]]) -> int:
    done = 0
    while cleared := await batch():
        done += cleared
    return done
