"""Snapshots: what the database holds at one moment, read for as long as that takes on a connection of its own."""

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

END_TIMEOUT = 0.2


class Snapshot:
    """One snapshot, open while its block runs."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @contextmanager
    def current(self) -> Iterator[None]:
        """Has every query of the enclosed code, of this task alone, see the snapshot."""
        token = connections.set(CONNECTION, self._client)
        try:
            yield
        finally:
            connections.reset(token)


class Snapshots:
    """Takes snapshots, on connections outside of the pool, whose callers wait for moments and not for minutes."""

    def __init__(self, settings: Settings) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._options: dict[str, Any] = {
            "timeout": settings.database_connect_timeout,
            "command_timeout": settings.database_statement_timeout + 1,
        }
        if settings.database_pooler is Pooler.TRANSACTION:
            self._options["statement_cache_size"] = 0
        # As long as a stream may last: between two batches its reader is awaited.
        self._patience = f"{settings.stream_deadline * 1000 + 60_000:.0f}"

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Snapshot]:
        """Gives what is committed now, read only; raises DatabaseUnreachable."""
        database = await self._connect()
        try:
            transaction = database.transaction(isolation="repeatable_read", readonly=True)
            await transaction.start()
            await database.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', $1, true), set_config('jit', 'off', true)",
                self._patience,
            )
            yield Snapshot(cast("PooledClient", connections.get(CONNECTION)).over(database))
        finally:
            await _end(database)

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        try:
            database: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self._database_url, **self._options)
        except CONNECT_ERRORS as error:
            raise unreachable() from error
        return database


async def _end(database: asyncpg.Connection[asyncpg.Record]) -> None:
    """Closes a connection; it wrote nothing, so that cutting it loses nothing."""
    try:
        async with asyncio.timeout(END_TIMEOUT):
            await database.close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        database.terminate()
