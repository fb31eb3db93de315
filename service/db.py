"""The database: one pool a process, transactions, and what PostgreSQL's errors mean.

Tortoise keeps its state in a context variable: `connected` must be entered in the coroutine that starts the
server, before it starts, or no handler sees the database.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import asyncpg
from tortoise import Model, Tortoise, connections, fields
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    BaseDBAsyncClient,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.exceptions import BaseORMException, IntegrityError
from tortoise.fields.db_defaults import Now
from tortoise.transactions import in_transaction

from service.errors import Aborted, DeadlineExceeded, DomainError, Unavailable
from service.settings import Pooler, Settings

APP = "marquee"
CONNECTION = "default"
MODEL_MODULES = (
    "service.media.models",
    "service.users.models",
    "service.catalog.models",
    "service.favorites.models",
    "service.recommendations.models",
    "service.audit",
    "aerich.models",
)
RETRY_SOON = 1.0
# Seconds that a rollback and closing the pool may take before connections are simply cut. A rollback often follows
# a deadline, and must not hold up its answer.
ROLLBACK_TIMEOUT = 0.2
CLOSE_TIMEOUT = 2.0
# What asyncpg says of a connection that was lost, or taken back because it was, before it was used again.
LOST = re.compile("is clos|released back to the pool")


class DatabaseBusy(Unavailable):
    """No connection of the pool became free in time."""


class DatabaseUnreachable(Unavailable):
    """PostgreSQL cannot be reached, does not answer, or is starting, stopping or standing by."""


class StatementTimedOut(DeadlineExceeded):
    """A statement ran longer than the server allows."""


class LockTimedOut(Aborted):
    """A statement waited longer for a lock than the server allows."""


class WriteConflict(Aborted):
    """PostgreSQL ended the transaction to keep concurrent ones correct."""


class TimestampedModel(Model):
    """A record that knows when it was made and last changed.

    PostgreSQL keeps both: `created_at` by default, `updated_at` by trigger, whoever writes.
    """

    created_at = fields.DatetimeField(db_default=Now())
    updated_at = fields.DatetimeField(db_default=Now())

    class Meta:
        """No table of its own."""

        abstract = True


class BoundedPool(asyncpg.Pool):
    """A pool whose callers wait a bounded time, and learn what they waited for in vain."""

    acquire_timeout: float

    async def acquire(self, *, timeout: float | None = None) -> Any:  # type: ignore[override]  # noqa: ASYNC109 - asyncpg's
        """Acquires a connection, to be awaited and released; within the pool's own bound where none is given.

        Raises DatabaseBusy when all connections stayed taken, DatabaseUnreachable when none could be made.
        """
        try:
            return await super().acquire(timeout=timeout or self.acquire_timeout)
        except TimeoutError as error:
            raise _busy() if self.get_size() == self.get_max_size() else _unreachable() from error
        except asyncpg.TooManyConnectionsError as error:
            raise _busy() from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise _unreachable() from error


class _TellsSilence:
    """Names what asyncpg tells by a bare TimeoutError only: PostgreSQL no longer answers.

    PostgreSQL's own timeouts are shorter and come as errors of their own.
    """

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)  # type: ignore[misc] # the client's
        except TimeoutError as error:
            raise _unreachable() from error


class PooledClient(_TellsSilence, AsyncpgDBClient):
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
            reset=None,
            loop=kwargs.pop("loop"),
            **kwargs,
        )
        pool.acquire_timeout = acquire_timeout
        await pool
        return pool

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


class _Transaction(_TellsSilence, TransactionWrapper):
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


def _cut(connection: asyncpg.Connection) -> None:
    """Ends a connection without a word; one that is lost already is no longer the caller's."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


# Tortoise finds the client class of an engine under this name.
client_class = PooledClient


def tortoise_config(settings: Settings) -> dict[str, Any]:
    """Returns Tortoise's (and aerich's) configuration."""
    credentials: dict[str, Any] = {
        "dsn": settings.database_url.get_secret_value(),
        # None is made ahead: making the pool then needs no database, and no caller waits while another makes it.
        "minsize": 0,
        "maxsize": settings.database_pool_size,
        "timeout": settings.database_connect_timeout,
        # One second more than PostgreSQL's own timeout, for when it no longer answers at all.
        "command_timeout": settings.database_statement_timeout + 1,
        "acquire_timeout": settings.database_acquire_timeout,
    }
    if settings.database_pooler is Pooler.TRANSACTION:
        credentials["statement_cache_size"] = 0
    else:
        credentials["server_settings"] = {
            "application_name": "marquee",
            "statement_timeout": f"{settings.database_statement_timeout * 1000:.0f}",
            "lock_timeout": f"{settings.database_lock_timeout * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{settings.deadline * 1000:.0f}",
            "jit": "off",
        }
    return {
        "connections": {CONNECTION: {"engine": "service.db", "credentials": credentials}},
        "apps": {APP: {"models": list(MODEL_MODULES), "default_connection": CONNECTION}},
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[None]:
    """Gives the enclosed code, and every task started in it, the database.

    The pool connects on first use, so a server starts, unready, while PostgreSQL is away.
    """
    await Tortoise.init(config=tortoise_config(settings))
    try:
        yield
    finally:
        await Tortoise.close_connections()


def connection() -> BaseDBAsyncClient:
    """Returns the current connection: the transaction's inside of one, else the pool's."""
    return cast("BaseDBAsyncClient", connections.get(CONNECTION))


def transaction() -> Any:
    """Opens a transaction: commits when the block ends, rolls back when it raises; nests as savepoints."""
    return in_transaction(CONNECTION)


def violated_constraint(error: IntegrityError) -> str:
    """Returns the name of the constraint that a write broke; empty when PostgreSQL names none."""
    return getattr(error.__cause__, "constraint_name", None) or ""


def translate(error: BaseException) -> DomainError | None:
    """Tells what PostgreSQL's and asyncpg's errors mean to a caller.

    Returns None for what the caller must not learn of: broken SQL, violated constraints that no service function
    expected, and everything that does not come from the database. What cannot be told from other errors by its
    type (a socket's errors, a silence) the pool has named already.
    """
    if isinstance(error, BaseORMException) and error.__cause__ is not None:
        error = error.__cause__
    match error:
        case asyncpg.QueryCanceledError():
            return StatementTimedOut("the database did not answer in time")
        case asyncpg.LockNotAvailableError():
            return LockTimedOut("another change holds this record; repeat", retry_after=RETRY_SOON)
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError() | asyncpg.InvalidCachedStatementError():
            return WriteConflict("lost against a concurrent change; repeat", retry_after=RETRY_SOON)
        case (
            asyncpg.PostgresConnectionError()
            | asyncpg.OperatorInterventionError()
            | asyncpg.IdleInTransactionSessionTimeoutError()
            | asyncpg.ReadOnlySQLTransactionError()
        ):
            return _unreachable()
        # asyncpg's own fixed texts; its subclasses tell of a wrong use, and quote values.
        case asyncpg.InterfaceError() if type(error) is asyncpg.InterfaceError and LOST.search(str(error)):
            return _unreachable()
    return None


def _busy() -> DatabaseBusy:
    return DatabaseBusy("the database takes no more connections", retry_after=RETRY_SOON)


def _unreachable() -> DatabaseUnreachable:
    return DatabaseUnreachable("the database cannot be reached", retry_after=RETRY_SOON)
