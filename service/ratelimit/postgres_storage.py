"""Counters that all workers share, in PostgreSQL."""

from __future__ import annotations

import time

from limits.aio.storage import Storage
from tortoise import Model, fields
from tortoise.exceptions import BaseORMException

from service.database.orm import connection

SWEPT_AT_ONCE = 1000
# A key that has expired starts anew, so a row in its place is as good as none.
ADD = """
INSERT INTO counters AS kept (key, count, expires_at)
VALUES ($1, greatest($2, 0), now() + make_interval(secs => $3))
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN kept.expires_at > now() THEN greatest(kept.count + $2, 0) ELSE excluded.count END,
    expires_at = CASE WHEN kept.expires_at > now() THEN kept.expires_at ELSE excluded.expires_at END
RETURNING count
"""
READ = """
SELECT count, extract(epoch FROM expires_at - now())::float8 AS seconds_left
FROM counters WHERE key = $1 AND expires_at > now()
"""
# The lock keeps a row that starts anew at this moment from being deleted all the same.
SWEEP = """
DELETE FROM counters WHERE key IN (
    SELECT key FROM counters WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
) RETURNING key
"""


class Counter(Model):
    """One window's count of one key. Unlogged: a crash of PostgreSQL forgets counts, which is harmless."""

    key = fields.CharField(max_length=200, primary_key=True)
    count = fields.IntField()
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "counters"


class PostgresStorage(Storage):
    """Storage for the fixed windows of `limits`: each change one atomic statement, all times the database's.

    Belongs outside of transactions: one that rolls back takes its counts with it, and until it ends, everybody else
    who counts the same key waits.
    """

    STORAGE_SCHEME = None

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may come instead of an answer."""
        return BaseORMException

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Adds to a count, never below 0, and returns it. A key that is new or expired ends in `expiry` seconds."""
        (row,) = await connection().execute_query_dict(ADD, [key, amount, expiry])
        return int(row["count"])

    async def get(self, key: str) -> int:
        """Returns a count."""
        rows = await connection().execute_query_dict(READ, [key])
        return int(rows[0]["count"]) if rows else 0

    async def get_expiry(self, key: str) -> float:
        """Returns when a key ends, in seconds since the epoch by this machine's clock."""
        rows = await connection().execute_query_dict(READ, [key])
        return time.time() + (rows[0]["seconds_left"] if rows else 0)

    async def clear(self, key: str) -> None:
        """Forgets a key."""
        await Counter.filter(key=key).delete()

    async def reset(self) -> int:
        """Forgets every key; returns how many there were."""
        return await Counter.all().delete()

    async def check(self) -> bool:
        """Tells whether the table can be read."""
        await Counter.exists()
        return True


async def sweep_counters() -> int:
    """Deletes counts whose window is over, SWEPT_AT_ONCE at most; returns how many."""
    return len(await connection().execute_query_dict(SWEEP, [SWEPT_AT_ONCE]))
