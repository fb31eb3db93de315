"""Housekeeping: clears away what has ended, in small batches, by one worker at a time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog
from tortoise import Model

from service.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
# Any fixed number: names the lock that keeps two workers apart.
ADVISORY_LOCK = 0x4D617272
BATCH = 200
ROUNDS = 50
"""Batches of one job in a turn: a backlog is worked off over several turns, beside the others."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to clear away."""

    name: str
    run: Callable[[], Awaitable[int]]
    """Clears away one bounded batch and returns how much that was, 0 when nothing is left."""


class Housekeeping:
    """Takes turns with the other workers at doing every job."""

    def __init__(self, settings: Settings, *, jobs: Sequence[Job]) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._connect_timeout = settings.database_connect_timeout
        self._interval = settings.housekeeping_interval
        self._jobs = jobs
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins, the first turn after an interval."""
        self._task = asyncio.create_task(self._keep_house(), name="housekeeping")

    async def close(self) -> None:
        """Ends, in the midst of a turn as well: what a batch has not committed is left to another."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_house(self) -> None:
        while True:
            # Workers that start together do not ask together.
            await asyncio.sleep(self._interval * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            try:
                await self._take_turn()
            except Exception as error:  # noqa: BLE001 - the next turn may be better; readiness tells of the database
                log.info("housekeeping.postponed", error=type(error).__name__)

    async def _take_turn(self) -> None:
        """Does every job unless another worker is at it; raises what asyncpg raises."""
        database = await asyncpg.connect(self._database_url, statement_cache_size=0, timeout=self._connect_timeout)
        try:
            # A lock of a transaction, for behind a pooler one of a session outlasts this connection.
            await database.execute("BEGIN")
            if await database.fetchval("SELECT pg_try_advisory_xact_lock($1)", ADVISORY_LOCK):
                for job in self._jobs:
                    await _run(job)
            await database.close()
        finally:
            database.terminate()


async def _run(job: Job) -> None:
    """Does a job until nothing is left, for a bounded while; its failure is logged and no other job's."""
    cleared = 0
    try:
        for _ in range(ROUNDS):
            batch = await job.run()
            cleared += batch
            if not batch:
                break
    except Exception as error:
        log.warning("housekeeping.failed", job=job.name, exc_info=error)
    if cleared:
        log.info("housekeeping", job=job.name, cleared=cleared)


async def delete_expired(model: type[Model], column: str, *, after: timedelta = timedelta()) -> int:
    """Deletes one batch of the rows whose time in `column` passed longer ago than `after`; returns how many."""
    ended = model.filter(**{f"{column}__lt": datetime.now(UTC) - after})
    keys = [row.pk for row in await ended.limit(BATCH)]
    # Asked again, for a row may have begun anew meanwhile.
    return await ended.filter(pk__in=keys).delete() if keys else 0
