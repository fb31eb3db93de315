"""Tortoise's client for asyncpg over the connection pool of this package.

Tortoise's own client waits without end for a connection of a full pool, never gives a connection back when BEGIN
fails, and lets a failing rollback hide the error that led to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import asyncpg
from tortoise import connections
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.exceptions import TransactionManagementError

from service.database.pool import Connection, ConnectionPool, is_unsent, unreachable

T = TypeVar("T")
# Seconds that a rollback and the closing of the pool may take before the connections are cut. A rollback often follows
# a deadline, and must not delay the answer.
ROLLBACK_TIMEOUT = 0.2
CLOSE_TIMEOUT = 2.0


class FetchingClient:
    """Fetches rows without the ORM's conversions, and reports a PostgreSQL that is silent as DatabaseUnreachable.

    asyncpg reports it as a bare TimeoutError. PostgreSQL's own timeouts are shorter and have their own errors.
    """

    async def fetch(self: Any, statement: str, *values: object) -> list[Any]:
        """Returns the rows of a statement as asyncpg's records; raises what the client's other methods raise."""
        return cast("list[Any]", await self._translate_exceptions(_fetch, statement, values))

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)  # type: ignore[misc] # the client's
        except TimeoutError as error:
            raise unreachable() from error


class PooledClient(FetchingClient, AsyncpgDBClient):
    """Runs each statement, or each transaction, on a connection of the pool.

    A statement that was refused by a lost connection runs again on another one: nothing of it was sent.
    """

    _pool: ConnectionPool | None  # type: ignore[assignment] # Tortoise expects asyncpg's

    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002, FBT001 - Tortoise's signature
        """Makes the pool for the URL `dsn`, without connecting yet; Tortoise's own host, port and user stay unused."""
        options = dict(self.extra)
        acquire_timeout = options.pop("acquire_timeout")
        connect = partial(asyncpg.connect, options.pop("dsn"), server_settings=self.server_settings, **options)
        self._pool = ConnectionPool(connect, max_size=self.pool_maxsize, acquire_timeout=acquire_timeout)
        await self._post_connect()

    async def pool(self) -> ConnectionPool:
        """Returns the pool, which is made before the first statement."""
        if self._pool is None:
            await self.create_connection(with_db=True)
        return cast("ConnectionPool", self._pool)

    def acquire_connection(self) -> _Acquired:  # type: ignore[override] # a context manager, as Tortoise's
        """Returns the context of one statement outside of any transaction."""
        return _Acquired(self)

    def over(self, connection: Connection) -> TransactionWrapper:
        """Returns a client for a connection that the caller opened, closes, and has begun a transaction on."""
        client = _Transaction(self)
        client._connection = connection  # noqa: SLF001 - Tortoise offers no other way
        return client

    async def repeat_unsent(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Runs an operation that begins with an acquired connection; repeats it when a lost connection refused it."""
        for _ in range(self.pool_maxsize):
            try:
                return await operation()
            except (asyncpg.InternalClientError, asyncpg.InterfaceError) as error:
                if not is_unsent(error):
                    raise
        # Every connection that was idle before is closed by now: this one is new.
        return await operation()

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        return await self.repeat_unsent(partial(super()._translate_exceptions, func, *args, **kwargs))

    def _in_transaction(self) -> TransactionContext:
        return _PooledTransaction(self)

    async def _close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await pool.close()
        except TimeoutError:
            pool.terminate()


class _Acquired:
    """A connection of the pool for the length of one statement."""

    __slots__ = ("_client", "_connection", "_pool")
    _connection: Connection
    _pool: ConnectionPool

    def __init__(self, client: PooledClient) -> None:
        self._client = client

    async def __aenter__(self) -> Connection:
        self._pool = await self._client.pool()
        self._connection = await self._pool.acquire()
        return self._connection

    async def __aexit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        is_answered = error is None or isinstance(error, asyncpg.PostgresError)
        await self._pool.release(self._connection, is_answered=is_answered)


class _Lease:
    """A connection for the length of one transaction.

    A task that was started within the transaction and outlives it gets an error, not the connection of another caller.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection

    def end(self) -> None:
        """Makes the connection unusable through this object."""
        self._connection = None

    def __getattr__(self, name: str) -> Any:
        if self._connection is None:
            raise asyncpg.InterfaceError("the transaction has ended, and its connection was returned")
        return getattr(self._connection, name)


class _Transaction(FetchingClient, TransactionWrapper):
    """A transaction whose end never hides the error that led to it, nor waits long for a database that is gone."""

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(_Transaction(self))

    async def commit(self) -> None:
        await self._translate_exceptions(TransactionWrapper.commit)

    async def rollback(self) -> None:
        try:
            async with asyncio.timeout(ROLLBACK_TIMEOUT):
                await super().rollback()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            # PostgreSQL rolls back a transaction whose connection is lost.
            self._connection.terminate()
            self._finalized = True


class _PooledTransaction(TransactionContext):
    """The context of a transaction, which returns its connection however the transaction begins or ends."""

    def __init__(self, client: PooledClient) -> None:
        self._parent = client
        self.client: _Transaction = _Transaction(client)

    async def __aenter__(self) -> TransactionalDBClient:
        self._pool = await self._parent.pool()
        await self._parent.repeat_unsent(self._begin)
        self._token = connections.set(self._parent.connection_name, self.client)
        return self.client

    async def __aexit__(self, error_type: type[BaseException] | None, _error: object, _traceback: object) -> None:
        try:
            await self._finish(error_type)
        finally:
            connections.reset(self._token)
            self._lease.end()
            await self._pool.release(self._connection, is_answered=self.client._finalized)  # noqa: SLF001

    async def _begin(self) -> None:
        connection = await self._pool.acquire()
        self._connection, self._lease = connection, _Lease(connection)
        self.client._connection = cast("Connection", self._lease)  # noqa: SLF001 - Tortoise offers no other way
        try:
            await self.client.begin()
        except BaseException:
            # Whether the transaction has begun is unknown.
            connection.terminate()
            await self._pool.release(connection)
            raise

    async def _finish(self, error_type: type[BaseException] | None) -> None:
        if self.client._finalized:  # noqa: SLF001 - Tortoise offers no other way
            return
        if error_type is None:
            await self.client.commit()
        elif error_type is not TransactionManagementError:
            await self.client.rollback()


async def _fetch(client: Any, statement: str, values: Sequence[object]) -> list[Any]:
    client.log.debug("%s: %s", statement, values)
    async with client.acquire_connection() as connection:
        rows: list[Any] = await connection.fetch(statement, *values)
        return rows


# Tortoise finds the client class of an engine under this name.
client_class = PooledClient
