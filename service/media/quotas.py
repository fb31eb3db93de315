"""How much one user may upload: counted with the file's own transaction, so that neither is without the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from service.auth.principal import UserId
from service.database.orm import connection
from service.media.errors import TooManyUploadsPending, UploadQuotaExceeded
from service.media.models import File, FileState
from service.settings import Settings

DAY = 86_400
KIB = 1024
STAFF_SHARE = 10
"""How many times a user's quotas staff have, who fill the catalogue."""
# The row's lock, held to the end of the transaction, makes one user's uploads follow one another.
TAKE = """
INSERT INTO counters AS kept (key, count, expires_at)
VALUES ($1, $2, now() + make_interval(secs => $4))
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN kept.expires_at > now() THEN kept.count + $2 ELSE excluded.count END,
    expires_at = CASE WHEN kept.expires_at > now() THEN kept.expires_at ELSE excluded.expires_at END
WHERE kept.expires_at <= now() OR kept.count + $2 <= $3
RETURNING count
"""
LEFT = "SELECT extract(epoch FROM expires_at - now())::float8 AS seconds_left FROM counters WHERE key = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadQuotas:
    """A user's quotas."""

    pending: int
    daily_files: int
    daily_bytes: int

    @classmethod
    def from_settings(cls, settings: Settings) -> UploadQuotas:
        """Takes those that the settings name."""
        return cls(
            pending=settings.upload_pending_limit,
            daily_files=settings.upload_daily_files,
            daily_bytes=settings.upload_daily_bytes,
        )

    async def take(self, user_id: UserId, *, size_bytes: int, is_staff: bool) -> None:
        """Counts one upload more, within the caller's transaction, which takes it back when it is undone.

        A day begins with its first upload. Raises UploadQuotaExceeded, TooManyUploadsPending.
        """
        share = STAFF_SHARE if is_staff else 1
        await _take("upload files", user_id, 1, most=self.daily_files * share)
        await _take("upload bytes", user_id, -(-size_bytes // KIB), most=self.daily_bytes * share // KIB)
        waiting = File.filter(
            uploader_id=user_id,
            state__in=(FileState.PENDING, FileState.PROCESSING),
            # What waits beyond its form's end is stuck, and not for its uploader to mend.
            expires_at__gt=datetime.now(UTC),
        )
        if await waiting.count() >= self.pending * share:
            raise TooManyUploadsPending(self.pending * share)


async def _take(quota: str, user_id: UserId, amount: int, *, most: int) -> None:
    key = f"{quota}/{user_id}"
    if amount <= most and await connection().execute_query_dict(TAKE, [key, amount, most, float(DAY)]):
        return
    rows = await connection().execute_query_dict(LEFT, [key])
    seconds = cast("float", rows[0]["seconds_left"]) if rows else DAY
    raise UploadQuotaExceeded(quota, retry_after=max(1.0, seconds))
