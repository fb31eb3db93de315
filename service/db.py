"""The database: one pool a process, transactions, and what PostgreSQL's errors mean.

Tortoise keeps its state in a context variable: `connected` must be entered in the coroutine that starts the
server, before it starts, or no handler sees the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
from tortoise import Model, Tortoise, connections, fields
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError
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


class DatabaseBusy(Unavailable):
    """No connection of the pool became free in time."""


class DatabaseUnreachable(Unavailable):
    """PostgreSQL cannot be reached or is shutting down or starting."""


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
    """A pool whose callers wait a bounded time for a connection."""

    acquire_timeout: float

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Acquires as asyncpg does, with the pool's own bound where the caller names none."""
        return super().acquire(timeout=timeout or self.acquire_timeout)


class PooledClient(AsyncpgDBClient):
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


# Tortoise finds the client class of an engine under this name.
client_class = PooledClient


def tortoise_config(settings: Settings) -> dict[str, Any]:
    """Returns Tortoise's (and aerich's) configuration."""
    credentials: dict[str, Any] = {
        "dsn": settings.database_url.get_secret_value(),
        "minsize": 0 if settings.database_pooler is Pooler.TRANSACTION else 1,
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


RETRY_SOON = 1.0


def translate(error: BaseException) -> DomainError | None:
    """Tells what a database error means to a caller.

    Returns None for what the caller must not learn of: broken SQL, violated constraints that no service function
    expected, and everything that does not come from the database.
    """
    if isinstance(error, OperationalError | IntegrityError | DBConnectionError) and error.__cause__ is not None:
        error = error.__cause__
    match error:
        case asyncpg.QueryCanceledError():
            return StatementTimedOut("the database did not answer in time")
        case asyncpg.LockNotAvailableError():
            return LockTimedOut("another change holds this record; repeat", retry_after=RETRY_SOON)
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError():
            return WriteConflict("lost against a concurrent change; repeat", retry_after=RETRY_SOON)
        case asyncpg.TooManyConnectionsError():
            return DatabaseBusy("the database takes no more connections", retry_after=RETRY_SOON)
        case (
            asyncpg.PostgresConnectionError()
            | asyncpg.OperatorInterventionError()
            | asyncpg.InterfaceError()
            | ConnectionError()
            | DBConnectionError()
            | OSError()
        ) if _speaks_of_connection(error):
            return DatabaseUnreachable("the database cannot be reached", retry_after=RETRY_SOON)
    return None


def _speaks_of_connection(error: BaseException) -> bool:
    """Tells whether asyncpg or the socket gave up, rather than some unrelated file or usage error."""
    if isinstance(error, asyncio.TimeoutError):
        return True
    if isinstance(error, asyncpg.InterfaceError):
        return "clos" in str(error)
    if isinstance(error, OSError) and not isinstance(error, ConnectionError):
        return error.filename is None or ".s.PGSQL" in str(error.filename)
    return True
