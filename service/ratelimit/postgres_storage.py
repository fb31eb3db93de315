"""PostgreSQL storage for fixed windows: counts that all workers share."""

from __future__ import annotations

import time

from limits.aio.storage import Storage
from tortoise import Model, fields
from tortoise.exceptions import BaseORMException

from service.database.orm import connection

SWEEP_BATCH_SIZE = 1000
# An expired row counts as absent: its key starts again.
ADD = """
INSERT INTO counters AS stored (key, count, expires_at)
VALUES ($1, greatest($2, 0), now() + make_interval(secs => $3))
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN stored.expires_at > now() THEN greatest(stored.count + $2, 0) ELSE excluded.count END,
    expires_at = CASE WHEN stored.expires_at > now() THEN stored.expires_at ELSE excluded.expires_at END
WHERE $4::int IS NULL OR stored.expires_at <= now() OR stored.count + $2 <= $4
RETURNING count
"""
READ = """
SELECT count, extract(epoch FROM expires_at - now())::float8 AS seconds_left
FROM counters WHERE key = $1 AND expires_at > now()
"""
# Without the lock, a row that starts again at this moment could be deleted.
SWEEP = """
DELETE FROM counters WHERE key IN (
    SELECT key FROM counters WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
) RETURNING key
"""


class Counter(Model):
    """The count of one key in one window. The table is unlogged: a crash of PostgreSQL loses counts, with no harm."""

    key = fields.CharField(max_length=200, primary_key=True)
    count = fields.IntField()
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "counters"


class PostgresStorage(Storage):
    """Storage for the fixed windows of `limits`. Each change is one atomic statement and uses the database's clock.

    Call it outside of transactions: a rollback would undo the counts, and until the transaction ends, all other calls
    that count the same key would wait.
    """

    STORAGE_SCHEME = None

    @property
    def base_exceptions(self) -> type[Exception]:
        """The exceptions of a failing storage."""
        return BaseORMException

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Adds to a count, never below 0, and returns it. A new or expired key ends in `expiry` seconds."""
        (row,) = await connection().execute_query_dict(ADD, [key, amount, expiry, None])
        return int(row["count"])

    async def get(self, key: str) -> int:
        """Returns a count, 0 for an absent or expired key."""
        rows = await connection().execute_query_dict(READ, [key])
        return int(rows[0]["count"]) if rows else 0

    async def get_expiry(self, key: str) -> float:
        """Returns the end of a key in seconds since the epoch, on the clock of this machine."""
        return time.time() + await get_seconds_left(key)

    async def clear(self, key: str) -> None:
        """Deletes a key."""
        await Counter.filter(key=key).delete()

    async def reset(self) -> int:
        """Deletes all keys; returns their number."""
        return await Counter.all().delete()

    async def check(self) -> bool:
        """Returns True if the table is readable."""
        await Counter.exists()
        return True


async def sweep_counters() -> int:
    """Deletes at most SWEEP_BATCH_SIZE counts of ended windows; returns their number."""
    return len(await connection().execute_query_dict(SWEEP, [SWEEP_BATCH_SIZE]))


async def charge(key: str, amount: int, *, limit: int, expiry: int) -> bool:
    """Adds to a count within the limit, in the caller's transaction; returns False if it would exceed the limit.

    The row lock serializes concurrent charges of one key until the transaction ends.
    """
    return amount <= limit and bool(await connection().execute_query_dict(ADD, [key, amount, expiry, limit]))


async def get_seconds_left(key: str) -> float:
    """Returns the seconds until a key expires; 0 for an absent or expired key."""
    rows = await connection().execute_query_dict(READ, [key])
    return float(rows[0]["seconds_left"]) if rows else 0.0
