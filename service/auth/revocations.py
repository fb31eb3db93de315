"""Revocations: end signed tokens before their expiry, on every worker within seconds.

A revocation is a row, written in the transaction of the act that causes it. Every worker reads new rows when it is
notified and at least once a second, so a lost notification costs one second. A worker that could not read for
`STALE_AFTER` seconds accepts no token: it answers UNAVAILABLE until it can read again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from tortoise import Model, fields
from tortoise.fields.db_defaults import Now

from service.auth.principal import UserId
from service.database.listener import Channel, Listener
from service.database.orm import connection
from service.database.pool import DatabaseUnreachable
from service.errors import Unavailable

log: structlog.stdlib.BoundLogger = structlog.get_logger()
INTERVAL = 1.0
STALE_AFTER = 4.0
"""Seconds: with INTERVAL, a revoked token is refused everywhere within 5."""
LOOK_BACK = timedelta(minutes=2)
"""Longer than any transaction: a row has the start time of its transaction, which may be before rows already read."""
ERASED_EPOCH = 2**31 - 1
# Always returns a row, which contains the time of reading.
READ = """
SELECT now() AS read_at, r.subject, r.epoch, r.expires_at
FROM (SELECT) AS present LEFT JOIN revocations AS r ON r.expires_at > now() AND r.created_at >= $1
"""


class Revocation(Model):
    """A token, session or user whose tokens are revoked; stored until the last of these tokens expires."""

    id = fields.BigIntField(primary_key=True)
    subject = fields.CharField(max_length=64)
    """`session:<id>`, `token:<jti>` or `user:<id>`."""
    epoch = fields.IntField(null=True)
    """For a user: access tokens of an earlier epoch are revoked."""
    created_at = fields.DatetimeField(db_default=Now(), db_index=True)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "revocations"


class RevocationsUnknown(Unavailable):
    """This worker does not know the current revocations."""

    def __init__(self) -> None:
        super().__init__("tokens cannot be checked now; retry soon", retry_after=INTERVAL)


@dataclass(frozen=True, slots=True)
class TokenIdentity:
    """The parts of a verified token that a revocation may name; a part that its type lacks is empty."""

    token_id: str
    session_id: str = ""
    user_id: UserId | None = None
    epoch: int = 0


class RevocationWriter:
    """Writes revocations into the current transaction."""

    def __init__(self, *, access_ttl: float) -> None:
        """`access_ttl`: lifetime of access tokens in seconds."""
        # One minute more, because clocks differ.
        self._lifetime = timedelta(seconds=access_ttl + 60)

    async def revoke_sessions(self, session_ids: Sequence[UUID]) -> None:
        """Revokes the access tokens of these sessions."""
        await self._write([(f"session:{session_id}", None) for session_id in session_ids])

    async def revoke_user(self, user_id: UserId, *, before_epoch: int) -> None:
        """Revokes a user's access tokens of earlier epochs."""
        await self._write([(f"user:{user_id}", before_epoch)])

    async def revoke_erased(self, user_id: UserId) -> None:
        """Revokes every access token of a user."""
        await self._write([(f"user:{user_id}", ERASED_EPOCH)])

    async def _write(self, subjects: list[tuple[str, int | None]]) -> None:
        await write_revocations(subjects, expires_at=datetime.now(UTC) + self._lifetime)


async def write_revocations(subjects: list[tuple[str, int | None]], *, expires_at: datetime) -> None:
    """Writes revocations into the current transaction, whose commit notifies all workers."""
    if subjects:
        await Revocation.bulk_create(
            Revocation(subject=subject, epoch=epoch, expires_at=expires_at) for subject, epoch in subjects
        )
        await connection().execute_query("SELECT pg_notify($1, '')", [Channel.REVOCATIONS.value])


class Revocations:
    """The revocations that this worker knows, read over the listener's connection."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._known: dict[str, tuple[int | None, float]] = {}
        self._read_until: datetime | None = None
        self._fresh_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def is_revoked(self, token: TokenIdentity) -> bool:
        """Returns whether a token is revoked; raises RevocationsUnknown if the worker cannot decide."""
        if time.monotonic() - self._fresh_at > STALE_AFTER:
            raise RevocationsUnknown
        known = self._known
        if not known:
            return False
        if f"token:{token.token_id}" in known or f"session:{token.session_id}" in known:
            return True
        revoked_user = known.get(f"user:{token.user_id}")
        return revoked_user is not None and token.epoch < (revoked_user[0] or 0)

    async def start(self) -> None:
        """Reads all revocations, then keeps reading new ones; an unreachable database is no error."""
        await self._try_to_read()
        self._task = asyncio.create_task(self._keep_reading(), name="revocations")

    async def close(self) -> None:
        """Stops reading."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_reading(self) -> None:
        with self._listener.wakeups(Channel.REVOCATIONS) as notified:
            while True:
                with suppress(TimeoutError):
                    # Unlike wait_for of Python 3.11, this never loses a cancellation.
                    async with asyncio.timeout(INTERVAL):
                        await notified.wait()
                notified.clear()
                if not await self._try_to_read():
                    await asyncio.sleep(INTERVAL)

    async def _try_to_read(self) -> bool:
        started = time.monotonic()
        try:
            await self._read()
        except DatabaseUnreachable:
            log.warning("revocations.read_failed")
            return False
        self._fresh_at = started
        return True

    async def _read(self) -> None:
        rows = await self._listener.fetch(READ, self._read_until or datetime.fromtimestamp(0, UTC))
        for row in rows:
            if row["subject"] is None:
                continue
            epoch = self._known.get(row["subject"], (None, 0.0))[0]
            latest = max(epoch or 0, row["epoch"]) if row["epoch"] is not None else None
            self._known[row["subject"]] = (latest, row["expires_at"].timestamp())
        self._read_until = rows[0]["read_at"] - LOOK_BACK
        self._drop_expired()

    def _drop_expired(self) -> None:
        now = time.time()
        for subject in [subject for subject, (_, expires_at) in self._known.items() if expires_at < now]:
            del self._known[subject]
