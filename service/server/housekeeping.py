"""Housekeeping: deletes expired rows and objects in small batches; one worker at a time does it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
import structlog

from service.database.jobs import Job
from service.database.locks import AdvisoryLock
from service.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
ROUNDS = 50
"""Batches that one job may do in a turn. A longer backlog takes several turns, so it does not delay the other jobs."""


class Housekeeping:
    """Runs all jobs regularly, in turn with the other workers."""

    def __init__(self, settings: Settings, *, jobs: Sequence[Job]) -> None:
        """Raises ValueError when two jobs have the same name."""
        self._database_url = settings.database_url.get_secret_value()
        self._connect_timeout = settings.database_connect_timeout
        self._interval = settings.housekeeping_interval
        self._jobs = jobs
        _require_unique_names(jobs)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the turns, the first after one interval."""
        self._task = asyncio.create_task(self._run_regularly(), name="housekeeping")

    async def close(self) -> None:
        """Stops, also during a turn. Another worker does the uncommitted batch later."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run_regularly(self) -> None:
        while True:
            # Random, so that workers that start together do not try together.
            await asyncio.sleep(self._interval * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            try:
                await self._take_turn()
            except Exception as error:  # noqa: BLE001 - the next turn may succeed; readiness reports the database
                log.info("housekeeping.turn_failed", error=type(error).__name__)

    async def _take_turn(self) -> None:
        """Runs every job, unless another worker has the lock; raises asyncpg's errors."""
        database = await asyncpg.connect(self._database_url, statement_cache_size=0, timeout=self._connect_timeout)
        try:
            # A transaction lock: behind a connection pooler, a session lock would outlive this connection.
            await database.execute("BEGIN")
            if await database.fetchval("SELECT pg_try_advisory_xact_lock($1)", AdvisoryLock.HOUSEKEEPING):
                for job in self._jobs:
                    await _run(job)
            await database.close()
        finally:
            database.terminate()


def _require_unique_names(jobs: Sequence[Job]) -> None:
    names = [job.name for job in jobs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"housekeeping jobs must have different names, but there are several of {', '.join(repeated)}")


async def _run(job: Job) -> None:
    """Runs batches of a job until none is left, at most ROUNDS. A failure is logged and does not stop other jobs."""
    done = 0
    try:
        for _ in range(ROUNDS):
            batch = await job.run()
            done += batch
            if not batch:
                break
    except Exception as error:
        log.warning("housekeeping.job_failed", job=job.name, exc_info=error)
    if done:
        log.info("housekeeping.job_finished", job=job.name, done=done)
