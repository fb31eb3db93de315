"""Readiness: reports through the health service whether this worker can serve.

A worker is ready when the database answers and its schema is current. Liveness is separate: the service name
`marquee.liveness` is SERVING as long as the event loop answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
import structlog
from grpc_health.v1 import health, health_pb2

from service.database import migrations
from service.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
LIVENESS = "marquee.liveness"
INTERVAL = 0.5
"""Seconds between two checks."""
TIMEOUT = 1.0
"""Seconds that one check may take."""


class Readiness:
    """Checks the database twice a second on a separate connection: a busy pool does not mean an absent database."""

    def __init__(self, settings: Settings, *, services: Sequence[str]) -> None:
        self.servicer = health.aio.HealthServicer()
        self._database_url = settings.database_url.get_secret_value()
        self._services = ("", *services)
        self._database: asyncpg.Connection[asyncpg.Record] | None = None
        self._ready: bool | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Makes the first check and starts the regular checks."""
        await self.servicer.set(LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        await self._check()
        self._task = asyncio.create_task(self._check_regularly(), name="readiness")

    async def drain(self) -> None:
        """Reports NOT_SERVING from now on. The liveness service stays SERVING."""
        await self._stop_checks()
        await self._set_status(serving=False)

    async def close(self) -> None:
        """Stops the checks and closes their connection."""
        await self._stop_checks()
        self._drop_connection()

    async def _stop_checks(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _check_regularly(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            await self._check()

    async def _check(self) -> None:
        reason = await self._find_problem()
        ready = not reason
        if ready is self._ready:
            return
        self._ready = ready
        log.info("readiness.changed", ready=ready, reason=reason)
        await self._set_status(serving=ready)

    async def _set_status(self, *, serving: bool) -> None:
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in self._services:
            await self.servicer.set(service, status)

    async def _find_problem(self) -> str:
        """Returns the reason why this worker cannot serve, or ""."""
        try:
            async with asyncio.timeout(TIMEOUT):
                if self._database is None or self._database.is_closed():
                    self._database = await asyncpg.connect(self._database_url, statement_cache_size=0)
                schema = await migrations.status(self._database)
        except Exception as error:  # noqa: BLE001 - no error may end the regular checks
            self._drop_connection()
            return f"database: {type(error).__name__}"
        return "" if schema.is_current else f"schema: {len(schema.pending)} migrations pending"

    def _drop_connection(self) -> None:
        if self._database is not None:
            self._database.terminate()
            self._database = None
