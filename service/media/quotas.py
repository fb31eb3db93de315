"""Upload quotas per user, counted in the transaction that creates the file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from service.auth.principal import UserId
from service.database.orm import connection
from service.media.enums import FileState
from service.media.errors import TooManyUploadsPending, UploadQuotaExceeded
from service.media.models import File
from service.settings import Settings

DAY = 86_400
KIB = 1024
STAFF_SHARE = 10
"""Factor of staff's quotas, because staff fill the catalogue."""
# The row lock lasts until the end of the transaction and serializes the uploads of one user.
CHARGE = """
INSERT INTO counters AS c (key, count, expires_at)
VALUES ($1, $2, now() + make_interval(secs => $4))
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN c.expires_at > now() THEN c.count + $2 ELSE excluded.count END,
    expires_at = CASE WHEN c.expires_at > now() THEN c.expires_at ELSE excluded.expires_at END
WHERE c.expires_at <= now() OR c.count + $2 <= $3
RETURNING count
"""
SECONDS_LEFT = "SELECT extract(epoch FROM expires_at - now())::float8 AS seconds_left FROM counters WHERE key = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadQuotas:
    """Quotas of a user."""

    pending: int
    daily_files: int
    daily_bytes: int

    @classmethod
    def from_settings(cls, settings: Settings) -> UploadQuotas:
        """Returns the quotas of the settings."""
        return cls(
            pending=settings.upload_pending_limit,
            daily_files=settings.upload_daily_files,
            daily_bytes=settings.upload_daily_bytes,
        )

    async def charge(self, user_id: UserId, *, size_bytes: int, is_staff: bool) -> None:
        """Counts one upload in the caller's transaction; a rollback reverts it.

        A day begins with the first upload. Raises UploadQuotaExceeded, TooManyUploadsPending.
        """
        share = STAFF_SHARE if is_staff else 1
        await _charge("upload files", user_id, 1, limit=self.daily_files * share)
        await _charge("upload bytes", user_id, -(-size_bytes // KIB), limit=self.daily_bytes * share // KIB)
        waiting = File.filter(
            uploader_id=user_id,
            state__in=(FileState.PENDING, FileState.PROCESSING),
            # An upload whose form has expired is stuck, and its uploader cannot repair it.
            expires_at__gt=datetime.now(UTC),
        )
        if await waiting.count() >= self.pending * share:
            raise TooManyUploadsPending(self.pending * share)


async def _charge(quota: str, user_id: UserId, amount: int, *, limit: int) -> None:
    key = f"{quota}/{user_id}"
    if amount <= limit and await connection().execute_query_dict(CHARGE, [key, amount, limit, float(DAY)]):
        return
    rows = await connection().execute_query_dict(SECONDS_LEFT, [key])
    seconds = cast("float", rows[0]["seconds_left"]) if rows else DAY
    raise UploadQuotaExceeded(quota, retry_after=max(1.0, seconds))
