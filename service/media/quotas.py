"""Upload quotas per user, counted in the transaction that creates the file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from service.auth.principal import UserId
from service.media.enums import FileState
from service.media.errors import TooManyUploadsPending, UploadQuotaExceeded
from service.media.models import File
from service.ratelimit import postgres_storage
from service.settings import Settings

DAY = 86_400
KIB = 1024
STAFF_SHARE = 10
"""Factor of staff's quotas, because staff fill the catalogue."""


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
    if not await postgres_storage.charge(key, amount, limit=limit, expiry=DAY):
        seconds = await postgres_storage.get_seconds_left(key) or DAY
        raise UploadQuotaExceeded(quota, retry_after=max(1.0, seconds))
