"""Revocations: what makes signed tokens worthless before their end, on every worker within seconds.

A revocation is a row, written in the transaction of the act that it belongs to. Every worker reads new rows as they
are announced, and once a second in any case, so that a lost announcement costs no more than that. A worker that
could not read for `STALE_AFTER` seconds vouches for no token: it says UNAVAILABLE until it can.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import structlog
from tortoise import Model, fields
from tortoise.fields.db_defaults import Now

from service.auth.principal import UserId
from service.database.orm import connection
from service.errors import Unavailable
from service.settings import Pooler, Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
CHANNEL = "marquee_revocations"
INTERVAL = 1.0
TIMEOUT = 1.0
STALE_AFTER = 4.0
"""Seconds: with INTERVAL, a revoked token is refused everywhere within 5."""
LOOK_BACK = timedelta(minutes=2)
"""Longer than any transaction takes: a row may be dated before rows that were read already."""
ERASED_EPOCH = 2**31 - 1


class Revocation(Model):
    """One thing whose tokens are worthless, kept until the last of them has ended anyway."""

    id = fields.BigIntField(primary_key=True)
    subject = fields.CharField(max_length=64)
    """`session:<id>`, `token:<jti>` or `user:<id>`."""
    epoch = fields.IntField(null=True)
    """Of a user: access tokens of an earlier epoch are worthless."""
    created_at = fields.DatetimeField(db_default=Now(), db_index=True)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "revocations"


class RevocationsUnknown(Unavailable):
    """This worker cannot tell just now which tokens were revoked."""

    def __init__(self) -> None:
        super().__init__("tokens cannot be checked just now; repeat soon", retry_after=INTERVAL)


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What of a verified token may be revoked; what a type of token lacks is empty."""

    token_id: str
    session_id: str = ""
    user_id: UserId | None = None
    epoch: int = 0


class RevocationWriter:
    """Revokes, in the current transaction."""

    def __init__(self, *, access_ttl: float) -> None:
        """`access_ttl`: seconds after which access tokens have ended by themselves."""
        # With room for clocks that differ.
        self._lasting = timedelta(seconds=access_ttl + 60)

    async def revoke_sessions(self, session_ids: Sequence[UUID]) -> None:
        """Makes the access tokens of these sessions worthless."""
        await self._write([(f"session:{session_id}", None) for session_id in session_ids])

    async def revoke_user(self, user_id: UserId, *, before_epoch: int) -> None:
        """Makes a user's access tokens of an earlier epoch worthless."""
        await self._write([(f"user:{user_id}", before_epoch)])

    async def revoke_erased(self, user_id: UserId) -> None:
        """Makes every access token of a user worthless, whatever its epoch."""
        await self._write([(f"user:{user_id}", ERASED_EPOCH)])

    async def _write(self, subjects: list[tuple[str, int | None]]) -> None:
        await write_revocations(subjects, expires_at=datetime.now(UTC) + self._lasting)


async def write_revocations(subjects: list[tuple[str, int | None]], *, expires_at: datetime) -> None:
    """Writes revocations into the current transaction, which announces them when it commits."""
    if subjects:
        await Revocation.bulk_create(
            Revocation(subject=subject, epoch=epoch, expires_at=expires_at) for subject, epoch in subjects
        )
        await connection().execute_query("SELECT pg_notify($1, '')", [CHANNEL])


class Revocations:
    """What this worker knows of revocations, read on a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._listens = settings.database_pooler is Pooler.NONE
        self._known: dict[str, tuple[int | None, float]] = {}
        self._read_until: datetime | None = None
        self._fresh_at = float("-inf")
        self._database: asyncpg.Connection[asyncpg.Record] | None = None
        self._announced = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def check(self, token: TokenFacts) -> bool:
        """Tells whether a token stands; raises RevocationsUnknown when that cannot be told."""
        if time.monotonic() - self._fresh_at > STALE_AFTER:
            raise RevocationsUnknown
        known = self._known
        if not known:
            return True
        if f"token:{token.token_id}" in known or f"session:{token.session_id}" in known:
            return False
        revoked = known.get(f"user:{token.user_id}")
        return revoked is None or token.epoch >= (revoked[0] or 0)

    async def start(self) -> None:
        """Reads what there is, then keeps reading; an absent database is no error."""
        await self._try_to_read()
        self._task = asyncio.create_task(self._keep_reading(), name="revocations")

    async def close(self) -> None:
        """Ends the reading and its connection."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._drop_connection()

    async def _keep_reading(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._announced.wait(), INTERVAL)
            self._announced.clear()
            await self._try_to_read()

    async def _try_to_read(self) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._read()
        except Exception as error:  # noqa: BLE001 - whatever keeps it from reading, it must go on trying
            self._drop_connection()
            log.warning("revocations.unreadable", error=type(error).__name__)
        else:
            self._fresh_at = started

    async def _read(self) -> None:
        database = await self._connected()
        rows = await database.fetch(
            "SELECT subject, epoch, expires_at, now() AS now FROM revocations"
            " WHERE expires_at > now() AND created_at >= $1",
            self._read_until or datetime.fromtimestamp(0, UTC),
        )
        for row in rows:
            epoch = self._known.get(row["subject"], (None, 0.0))[0]
            latest = max(epoch or 0, row["epoch"]) if row["epoch"] is not None else None
            self._known[row["subject"]] = (latest, row["expires_at"].timestamp())
        self._read_until = await database.fetchval("SELECT now()") - LOOK_BACK
        self._forget_ended()

    def _forget_ended(self) -> None:
        now = time.time()
        for subject in [subject for subject, (_, ends) in self._known.items() if ends < now]:
            del self._known[subject]

    async def _connected(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._database is None or self._database.is_closed():
            # Kept at once, so that it is closed whatever comes next.
            self._database = await asyncpg.connect(self._database_url, statement_cache_size=0)
            if self._listens:
                announce: Callable[..., Awaitable[None] | None] = lambda *_: self._announced.set()  # noqa: E731 - typed
                await self._database.add_listener(CHANNEL, announce)
        return self._database

    def _drop_connection(self) -> None:
        if self._database is not None:
            self._database.terminate()
            self._database = None
