"""Access to the database: one pool per process, transactions, and the meaning of PostgreSQL's errors.

Tortoise keeps its state in a context variable. `connected` must be entered in the coroutine that starts the server, and
before the start; otherwise no handler sees the database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, cast

import asyncpg
from tortoise import Model, Tortoise, connections, fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import BaseORMException, IntegrityError
from tortoise.fields.db_defaults import Now
from tortoise.transactions import in_transaction

from service.database.client import FetchingClient
from service.database.pool import RETRY_SOON, is_unsent, unreachable
from service.errors import Aborted, DeadlineExceeded, DomainError
from service.settings import Pooler, Settings

APP = "marquee"
CONNECTION = "default"
MODEL_MODULES = (
    "service.media.models",
    "service.users.models",
    "service.catalog.models",
    "service.favorites.models",
    "service.recommendations.models",
    "service.auth.revocations",
    "service.auth.service_tokens",
    "service.audit",
    "service.ratelimit.postgres_storage",
    "service.api.idempotency",
    "aerich.models",
)
_WITHIN_TRANSACTION: ContextVar[bool] = ContextVar("within_transaction", default=False)


class StatementTimedOut(DeadlineExceeded):
    """A statement ran longer than the server allows."""


class LockTimedOut(Aborted):
    """A statement waited longer for a lock than the server allows."""


class WriteConflict(Aborted):
    """PostgreSQL ended the transaction to keep concurrent ones correct."""


class TimestampedModel(Model):
    """A record with the times of its creation and of its last change.

    PostgreSQL sets both for every writer: `created_at` by default, `updated_at` by trigger.
    """

    created_at = fields.DatetimeField(db_default=Now())
    updated_at = fields.DatetimeField(db_default=Now())

    class Meta:
        """No table of its own."""

        abstract = True


def tortoise_config(settings: Settings) -> dict[str, Any]:
    """Returns Tortoise's (and aerich's) configuration."""
    credentials: dict[str, Any] = {
        "dsn": settings.database_url.get_secret_value(),
        "maxsize": settings.database_pool_size,
        "timeout": settings.database_connect_timeout,
        # One second more than PostgreSQL's own timeout: it ends the wait for a server that no longer answers.
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
        "connections": {CONNECTION: {"engine": "service.database.client", "credentials": credentials}},
        "apps": {APP: {"models": list(MODEL_MODULES), "default_connection": CONNECTION}},
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[None]:
    """Makes the database available to the enclosed code, and to every task that is started in it.

    The pool connects on first use, so a server starts without PostgreSQL, but is not ready.
    """
    await Tortoise.init(config=tortoise_config(settings))
    try:
        yield
    finally:
        await Tortoise.close_connections()


def connection() -> BaseDBAsyncClient:
    """Returns the client of the current transaction; outside of any, the client of the pool."""
    return cast("BaseDBAsyncClient", connections.get(CONNECTION))


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """Opens a transaction: commits when the block ends, rolls back when it raises. A nested one is a savepoint."""
    outside = _WITHIN_TRANSACTION.get()
    _WITHIN_TRANSACTION.set(True)
    try:
        async with in_transaction(CONNECTION):
            yield
    finally:
        _WITHIN_TRANSACTION.set(outside)


async def fetch(statement: str, *values: object) -> list[Mapping[str, Any]]:
    """Returns the rows of a statement of any kind, run in the current transaction or outside of any.

    Raises what the ORM raises. It is meant for hand-written statements that run often.
    """
    return await cast("FetchingClient", connection()).fetch(statement, *values)


def within_transaction() -> bool:
    """Returns whether the running code is inside of a `transaction`."""
    return _WITHIN_TRANSACTION.get()


def violated_constraint(error: IntegrityError) -> str:
    """Returns the name of the constraint that a write violated; empty when PostgreSQL names none."""
    return getattr(error.__cause__, "constraint_name", None) or ""


def translate(error: BaseException) -> DomainError | None:
    """Returns the domain error for an error of PostgreSQL or asyncpg.

    Returns None for errors that a caller must not see: wrong SQL, violated constraints that no service function
    expected, and everything that does not come from the database. The pool and its client translate the errors whose
    type is not specific to the database: those of sockets, and timeouts.
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
            | asyncpg.TargetServerAttributeNotMatched()
        ):
            return unreachable()
    return unreachable() if is_unsent(error) else None
