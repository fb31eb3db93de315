"""A user's rights over what is kept about them: all of it exported, all of it erased."""

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
    """What one part of the system keeps about a user; each slice brings its own."""

    @property
    def tables(self) -> Collection[str]:
        """The tables that it answers for, in exports and erasures alike."""
        ...

    def export(self, user_id: UserId) -> AsyncIterator[Exported]:
        """Yields all of it kind by kind, oldest first, in flat memory; holds no connection between two records."""
        ...

    async def erase(self, user_id: UserId) -> None:
        """Removes all of it within the caller's transaction, in which the user's row is locked."""
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
        """The tables that any source answers for."""
        return [table for source in self._sources for table in source.tables]

    async def export_account(self, user_id: UserId, *, actor_user_id: UserId | None) -> AsyncIterator[Exported]:
        """Yields everything that is kept about a user, active or not; the trail tells that it was asked for.

        Raises AccountGone.
        """
        if not await User.exists(id=user_id):
            raise AccountGone
        await audit.record("users.export", resource=f"users/{user_id}", actor_user_id=actor_user_id)
        for source in self._sources:
            async for record in source.export(user_id):
                yield record

    async def delete_account(self, user_id: UserId, *, password: str, client_info: ClientInfo) -> None:
        """Erases a user who proves to be themselves.

        Raises PasswordWrong, TooManyAttempts, and what erase raises.
        """
        await self._sessions.require_password(user_id, password, client_info=client_info)
        await self.erase(user_id, actor_user_id=user_id)

    async def erase(self, user_id: UserId, *, actor_user_id: UserId | None) -> None:
        """Erases a user: rows and revocations in one transaction, objects in storage right after it.

        What storage does not let go of now, the sweep of deleted files removes. Raises AccountGone, LastSuperuser.
        """
        async with transaction():
            # Before the user, as a verdict does that is about to attach one: neither waits for the other in a circle.
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
    """Yields these columns of rows by ascending id, however many there are, a bounded number a query."""
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
        # All of them, always in the same order: of two who leave at once, the second learns that they are the last.
        wanted |= Q(is_superuser=True, is_active=True)
    locked = {row.id: row for row in await User.filter(wanted).order_by("id").select_for_update()}
    if user_id not in locked:
        raise AccountGone
    superusers = {row.id for row in locked.values() if row.is_superuser and row.is_active}
    if superusers == {user_id}:
        raise LastSuperuser(user_id)
