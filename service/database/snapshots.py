"""Snapshots: the state of the database at one moment, for reads that take minutes.

Each snapshot has its own connection, because callers of the pool expect one within moments.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import asyncpg
from tortoise import connections

from service.database.client import PooledClient
from service.database.orm import CONNECTION
from service.database.pool import CONNECT_ERRORS, unreachable
from service.settings import Pooler, Settings

CLOSE_TIMEOUT = 0.2
IDLE_MARGIN = 60.0
"""Seconds that an open snapshot may be idle in addition to the length of a stream."""


class Snapshot:
    """One snapshot, which is open while the block of `Snapshots.open` runs."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @contextmanager
    def activated(self) -> Iterator[None]:
        """Runs every query of the enclosed code on the snapshot; other tasks are not affected."""
        token = connections.set(CONNECTION, self._client)
        try:
            yield
        finally:
            connections.reset(token)


class Snapshots:
    """Opens snapshots on connections outside of the pool."""

    def __init__(self, settings: Settings) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._options: dict[str, Any] = {
            "timeout": settings.database_connect_timeout,
            "command_timeout": settings.database_statement_timeout + 1,
        }
        if settings.database_pooler is Pooler.TRANSACTION:
            self._options["statement_cache_size"] = 0
        # The connection is idle while the reader of a stream takes a batch, at most for the length of the stream.
        self._idle_timeout_ms = f"{(settings.stream_deadline + IDLE_MARGIN) * 1000:.0f}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Snapshot]:
        """Gives a read-only snapshot of everything that is committed now; raises DatabaseUnreachable."""
        database = await self._connect()
        try:
            transaction = database.transaction(isolation="repeatable_read", readonly=True)
            await transaction.start()
            await database.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', $1, true), set_config('jit', 'off', true)",
                self._idle_timeout_ms,
            )
            yield Snapshot(cast("PooledClient", connections.get(CONNECTION)).over(database))
        finally:
            await _close(database)

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        try:
            database: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self._database_url, **self._options)
        except CONNECT_ERRORS as error:
            raise unreachable() from error
        return database


async def _close(database: asyncpg.Connection[asyncpg.Record]) -> None:
    """Closes a connection, or cuts it: it wrote nothing, so nothing is lost."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await database.close()
    except CONNECT_ERRORS:
        database.terminate()
