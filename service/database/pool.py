"""Connections to PostgreSQL: Tortoise's asyncpg engine with bounds on every wait.

Tortoise's own waits without end for a connection of a full pool, keeps a connection for ever when BEGIN fails, and
lets a failing rollback hide what went wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

import asyncpg
from tortoise import connections
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)

from service.errors import Unavailable

RETRY_SOON = 1.0
READY_SECONDS = 1.0
"""Seconds after which connections that were kept ready go back to asyncpg."""
# Seconds that a rollback and closing the pool may take before connections are simply cut. A rollback often follows
# a deadline, and must not hold up its answer.
ROLLBACK_TIMEOUT = 0.2
CLOSE_TIMEOUT = 2.0


class DatabaseBusy(Unavailable):
    """No connection of the pool became free in time."""


class DatabaseUnreachable(Unavailable):
    """PostgreSQL cannot be reached, does not answer, or is starting, stopping or standing by."""


class BoundedPool(asyncpg.Pool):
    """A pool whose callers wait a bounded time, and learn what they waited for in vain.

    Connections that were handed back with `keep_ready` go to the next caller at once: asyncpg's own way through a pool
    takes a task and two timers, which is as much as a whole statement.
    """

    acquire_timeout: float

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Takes what asyncpg takes."""
        super().__init__(*arguments, **options)
        self._ready: list[Any] = []
        self._waiting = 0
        self._returning: asyncio.Task[None] | None = None

    async def acquire(self, *, timeout: float | None = None) -> Any:  # type: ignore[override]  # noqa: ASYNC109 - asyncpg's
        """Acquires a connection, to be awaited and released; within the pool's own bound where none is given.

        Raises DatabaseBusy when all connections stayed taken, DatabaseUnreachable when none could be made.
        """
        while self._ready:
            connection = self._ready.pop()
            if not connection.is_closed():
                return connection
            await self.release(connection)
        self._waiting += 1
        try:
            return await super().acquire(timeout=timeout or self.acquire_timeout)
        except TimeoutError as error:
            raise busy() if self.get_size() == self.get_max_size() else unreachable() from error
        except asyncpg.TooManyConnectionsError as error:
            raise busy() from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise unreachable() from error
        finally:
            self._waiting -= 1

    async def keep_ready(self, connection: Any) -> None:
        """Takes back a connection that a statement outside of any transaction went well on."""
        if self._waiting:
            await self.release(connection)
            return
        self._ready.append(connection)
        if self._returning is None:
            self._returning = asyncio.create_task(self._return_soon(), name="connections kept ready")

    async def close(self) -> None:
        """Closes the pool once all that was acquired is back."""
        if self._returning is not None:
            self._returning.cancel()
        await self._return_all()
        await super().close()

    async def _return_soon(self) -> None:
        # asyncpg looks after age and use of what it holds.
        await asyncio.sleep(READY_SECONDS)
        self._returning = None
        await self._return_all()

    async def _return_all(self) -> None:
        while self._ready:
            await self.release(self._ready.pop())


class FetchingClient:
    """Fetches without the ORM's wrappers, and names what asyncpg tells by a bare TimeoutError only.

    That is: PostgreSQL no longer answers. Its own timeouts are shorter and come as errors of their own.
    """

    async def fetch(self: Any, statement: str, *values: object) -> list[Any]:
        """Returns the rows of a statement as asyncpg has them; raises as the client's other methods do."""
        self.log.debug("%s: %s", statement, values)
        try:
            return cast("list[Any]", await self._rows(statement, values))
        except Exception as error:  # noqa: BLE001 - raised again, as what it means
            return cast("list[Any]", await self._translate_exceptions(_raise, error))

    async def _rows(self: Any, statement: str, values: Sequence[object]) -> list[Any]:
        async with self.acquire_connection() as database:
            rows: list[Any] = await database.fetch(statement, *values)
            return rows

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)  # type: ignore[misc] # the client's
        except TimeoutError as error:
            raise unreachable() from error


class PooledClient(FetchingClient, AsyncpgDBClient):
    """Tortoise's asyncpg client over a BoundedPool made from one URL."""

    async def create_pool(self, **kwargs: Any) -> asyncpg.Pool:
        """Makes the pool from `dsn`; Tortoise's own host, port and user stay out of it."""
        for name in ("host", "port", "user", "password", "database"):
            kwargs.pop(name, None)
        acquire_timeout = kwargs.pop("acquire_timeout")
        pool = BoundedPool(
            kwargs.pop("dsn"),
            connection_class=kwargs.pop("connection_class"),
            record_class=asyncpg.Record,
            min_size=kwargs.pop("min_size"),
            max_size=kwargs.pop("max_size"),
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            connect=None,
            setup=None,
            init=None,
            reset=_leave_as_is,
            loop=kwargs.pop("loop"),
            **kwargs,
        )
        pool.acquire_timeout = acquire_timeout
        await pool
        return pool

    async def _rows(self, statement: str, values: Sequence[object]) -> list[Any]:
        pool = self._pool
        if not isinstance(pool, BoundedPool):  # Not made before the first statement.
            return await super()._rows(statement, values)
        database = await pool.acquire()
        try:
            rows: list[Any] = await database.fetch(statement, *values)
        except BaseException:
            await pool.release(database)
            raise
        await pool.keep_ready(database)
        return rows

    def over(self, database: asyncpg.Connection) -> TransactionWrapper:
        """Returns a client over a connection of the caller's own, which is in a transaction and stays the caller's."""
        client = _Transaction(self)
        client._connection = database  # noqa: SLF001 - Tortoise offers no other way
        return client

    def _in_transaction(self) -> TransactionContext:
        return _PooledTransactionContext(_Transaction(self), self._pool_init_lock)

    async def _close(self) -> None:
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
        self._pool = None


class _Transaction(FetchingClient, TransactionWrapper):
    """A transaction whose end never hides why it ended, nor waits long for a database that is gone."""

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(_Transaction(self))

    async def commit(self) -> None:
        await self._translate_exceptions(TransactionWrapper.commit)

    async def rollback(self) -> None:
        try:
            async with asyncio.timeout(ROLLBACK_TIMEOUT):
                await super().rollback()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            # PostgreSQL rolls back what loses its connection.
            _cut(self._connection)
            self._finalized = True


class _PooledTransactionContext(TransactionContextPooled):
    """Tortoise's, which would keep the connection for ever when BEGIN fails or is cancelled."""

    async def __aenter__(self) -> TransactionalDBClient:
        try:
            return await super().__aenter__()
        except BaseException:
            client: Any = self.client
            if client._connection is not None:  # noqa: SLF001 - Tortoise offers no other way
                _cut(client._connection)  # noqa: SLF001
                await client._parent._pool.release(client._connection)  # noqa: SLF001
            if hasattr(self, "token"):
                connections.reset(self.token)
            raise


async def _leave_as_is(_connection: Any) -> None:
    """Saves the round trip of a reset after every statement: settings, locks and temporary tables are transactions'.

    asyncpg itself has ended a transaction that was left open by then.
    """


async def _raise(_client: Any, error: Exception) -> None:
    raise error


def _cut(connection: asyncpg.Connection) -> None:
    """Ends a connection without a word; one that is lost already is no longer the caller's."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


# Tortoise finds the client class of an engine under this name.
client_class = PooledClient


def busy() -> DatabaseBusy:
    """Returns the error for a pool, or a PostgreSQL, that has no connection to spare."""
    return DatabaseBusy("the database takes no more connections", retry_after=RETRY_SOON)


def unreachable() -> DatabaseUnreachable:
    """Returns the error for a PostgreSQL that cannot be reached."""
    return DatabaseUnreachable("the database cannot be reached", retry_after=RETRY_SOON)
