"""Personal data in accounts, uploads and the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tortoise.expressions import Q

from service.api.idempotency import IdempotencyKey
from service.audit import AuditEvent
from service.auth.principal import AccountGone, UserId
from service.media.removal import FileRemoval
from service.media.service import Media
from service.users.exports import Exported
from service.users.models import Session, User, UserProfile
from service.users.privacy import BATCH
from service.users.service import Users
from service.users.values import SessionRecord


class AccountData:
    """The account, its profile, its sessions and its idempotency keys."""

    tables = ("users", "user_profiles", "sessions", "idempotency_keys")

    def __init__(self, users: Users) -> None:
        self._users = users

    async def export(self, user_id: UserId) -> AsyncIterator[Exported]:
        """Yields the account, the profile, and the sessions, ended ones included.

        Idempotency keys have copies of other data and are not exported. Raises AccountGone.
        """
        user = await User.get_or_none(id=user_id)
        if user is None:
            raise AccountGone
        profile = await self._users.profile_of(user)
        yield profile.account
        yield profile
        async for session in _sessions(user_id):
            yield session

    async def erase(self, user_id: UserId) -> None:
        """Deletes all except the user's row."""
        await Session.filter(user_id=user_id).delete()
        await UserProfile.filter(user_id=user_id).delete()
        await IdempotencyKey.filter(caller=f"users/{user_id}").delete()


class UploadData:
    """Uploads of the user."""

    tables = ("files",)

    def __init__(self, *, media: Media, removal: FileRemoval) -> None:
        self._media = media
        self._removal = removal

    async def export(self, user_id: UserId) -> AsyncIterator[Exported]:
        """Yields the files, images of movies and people included."""
        last = 0
        while records := await self._media.uploads_of(user_id, after=last, limit=BATCH):
            for record in records:
                yield record
            last = records[-1].file.id

    async def erase(self, user_id: UserId) -> None:
        """Deletes avatars; other images belong to the catalogue and lose their uploader."""
        await self._removal.erase_uploader(user_id)


class AuditData:
    """Audit events about the user."""

    tables = ("audit_log",)

    async def export(self, user_id: UserId) -> AsyncIterator[Exported]:
        """Yields the events that the user caused or that are about their account."""
        # Two queries, each of which reads its index in order.
        caused = AuditEvent.filter(actor_user_id=user_id)
        about = AuditEvent.filter(resource=f"users/{user_id}")
        last = 0
        while True:
            found = [
                event
                for events in (caused, about)
                for event in await events.filter(id__gt=last).order_by("id").limit(BATCH)
            ]
            batch = sorted({event.id: event for event in found}.values(), key=lambda event: event.id)[:BATCH]
            if not batch:
                return
            for event in batch:
                yield event
            last = batch[-1].id

    async def erase(self, user_id: UserId) -> None:
        """Does nothing: the audit log is append-only, and has only the id, which no longer identifies a person."""


async def _sessions(user_id: UserId) -> AsyncIterator[SessionRecord]:
    """Yields a user's sessions, oldest first; by creation time, because their ids are random."""
    sessions = Session.filter(user_id=user_id).order_by("created_at", "id")
    after = Q()
    while batch := await sessions.filter(after).limit(BATCH):
        for s in batch:
            yield SessionRecord(s.id, s.label, s.created_at, s.last_used_at, s.expires_at, is_current=False)
        after = Q(created_at__gt=s.created_at) | Q(created_at=s.created_at, id__gt=s.id)
