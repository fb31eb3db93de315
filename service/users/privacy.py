"""Privacy: export and erasure of all personal data of a user."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, Protocol

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from service import audit
from service.auth.client_info import ClientInfo
from service.auth.principal import AccountGone, UserId
from service.auth.revocations import RevocationWriter
from service.database.orm import transaction
from service.media.removal import FileRemoval
from service.users.errors import LastSuperuser
from service.users.exports import Exported
from service.users.models import User
from service.users.sessions import Sessions

BATCH = 500


class PersonalData(Protocol):
    """Personal data in one part of the system; each domain provides its own."""

    @property
    def tables(self) -> Collection[str]:
        """The tables that it exports and erases."""
        ...

    def export(self, user_id: UserId) -> AsyncIterator[Exported]:
        """Yields the records kind by kind, oldest first, in bounded memory and without a connection between records."""
        ...

    async def erase(self, user_id: UserId) -> None:
        """Deletes the data in the caller's transaction, which has locked the user's row."""
        ...


class Privacy:
    """Exports and erases users."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        removal: FileRemoval,
        revocations: RevocationWriter,
        sources: Sequence[PersonalData],
    ) -> None:
        """`sources` in the order of an export."""
        self._sessions = sessions
        self._removal = removal
        self._revocations = revocations
        self._sources = sources

    @property
    def tables(self) -> Collection[str]:
        """The tables of all sources."""
        return [table for source in self._sources for table in source.tables]

    async def export_account(self, user_id: UserId, *, actor_user_id: UserId | None) -> AsyncIterator[Exported]:
        """Yields all personal data of a user, active or not, and records the export in the audit log.

        Raises AccountGone.
        """
        if not await User.exists(id=user_id):
            raise AccountGone
        await audit.record("users.export", resource=f"users/{user_id}", actor_user_id=actor_user_id)
        for source in self._sources:
            async for record in source.export(user_id):
                yield record

    async def delete_account(self, user_id: UserId, *, password: str, client_info: ClientInfo) -> None:
        """Erases a user who confirms the password.

        Raises PasswordWrong, TooManyAttempts, and what erase raises.
        """
        await self._sessions.require_password(user_id, password, client_info=client_info)
        await self.erase(user_id, actor_user_id=user_id)

    async def erase(self, user_id: UserId, *, actor_user_id: UserId | None) -> None:
        """Erases a user: rows and revocations in one transaction, then the objects in storage.

        The sweep removes objects that cannot be removed now. Raises AccountGone, LastSuperuser.
        """
        async with transaction():
            # The files before the user, in the order of processing results, so that the two cannot deadlock.
            await self._removal.avatars_of(user_id)
            await _lock(user_id)
            objects = await self._removal.avatars_of(user_id)
            for source in self._sources:
                await source.erase(user_id)
            await User.filter(id=user_id).delete()
            await self._revocations.revoke_erased(user_id)
            await audit.record("users.erase", resource=f"users/{user_id}", actor_user_id=actor_user_id)
        await self._removal.remove(objects)


async def in_batches(rows: QuerySet[Any], *columns: str) -> AsyncIterator[tuple[Any, ...]]:
    """Yields columns of rows by ascending id, in queries of BATCH rows."""
    last = 0
    while batch := await rows.filter(id__gt=last).order_by("id").limit(BATCH).values_list("id", *columns):
        for row in batch:
            yield row[1:]
        last = batch[-1][0]


async def _lock(user_id: UserId) -> None:
    """Locks a user's row; raises AccountGone, LastSuperuser."""
    user = await User.get_or_none(id=user_id)
    if user is None:
        raise AccountGone
    wanted = Q(id=user_id)
    if user.is_superuser:
        # Locks all superusers in the same order, so that the second of two concurrent erasures sees the first.
        wanted |= Q(is_superuser=True, is_active=True)
    locked = {row.id: row for row in await User.filter(wanted).order_by("id").select_for_update()}
    if user_id not in locked:
        raise AccountGone
    superusers = {row.id for row in locked.values() if row.is_superuser and row.is_active}
    if superusers == {user_id}:
        raise LastSuperuser(user_id)
