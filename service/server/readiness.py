"""Readiness: tells health checks whether this worker can serve, by the database and its schema.

Liveness is apart: the service name `marquee.liveness` is SERVING for as long as the event loop answers at all.
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
TIMEOUT = 1.0


class Readiness:
    """Asks the database twice a second, on a connection of its own: a busy pool is not an absent database."""

    def __init__(self, settings: Settings, *, services: Sequence[str]) -> None:
        self.servicer = health.aio.HealthServicer()
        self._database_url = settings.database_url.get_secret_value()
        self._services = ("", *services)
        self._database: asyncpg.Connection[asyncpg.Record] | None = None
        self._ready: bool | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Makes the first check, then keeps checking."""
        await self.servicer.set(LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        await self._check()
        self._watch = asyncio.create_task(self._keep_checking(), name="readiness")

    async def drain(self) -> None:
        """Says NOT_SERVING for good; the process is alive all the same."""
        await self._stop_watching()
        await self._tell(serving=False)

    async def close(self) -> None:
        """Ends the checks and their connection."""
        await self._stop_watching()
        self._drop_connection()

    async def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            await self._check()

    async def _check(self) -> None:
        reason = await self._find_fault()
        ready = not reason
        if ready is self._ready:
            return
        self._ready = ready
        log.info("readiness", ready=ready, reason=reason)
        await self._tell(serving=ready)

    async def _tell(self, *, serving: bool) -> None:
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in self._services:
            await self.servicer.set(service, status)

    async def _find_fault(self) -> str:
        """Returns why this worker cannot serve, or ""."""
        try:
            async with asyncio.timeout(TIMEOUT):
                if self._database is None or self._database.is_closed():
                    self._database = await asyncpg.connect(self._database_url, statement_cache_size=0)
                schema = await migrations.status(self._database)
        except Exception as error:  # noqa: BLE001 - whatever keeps the check from passing, its watch must go on
            self._drop_connection()
            return f"database: {type(error).__name__}"
        return "" if schema.is_current else f"schema: {len(schema.pending)} migrations pending"

    def _drop_connection(self) -> None:
        if self._database is not None:
            self._database.terminate()
            self._database = None
