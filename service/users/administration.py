"""Administration of accounts by staff and operators: look-up, deactivation, roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service import audit
from service.api.etags import require_etag
from service.api.pagination import Page, PageTokens, page_size
from service.api.text import contains_pattern
from service.auth.principal import AccessDenied, AccountGone, UserId
from service.auth.revocations import RevocationWriter
from service.database.orm import connection, transaction
from service.users.accounts import Accounts
from service.users.errors import OwnAccount, UserNotFound
from service.users.models import User
from service.users.rules import nfc
from service.users.sessions import Sessions
from service.users.values import Account, UserChanges, UserFilter

SEARCHED = "(username || ' ' || first_name || ' ' || last_name)"


class Administration:
    """The accounts, for staff and operators."""

    def __init__(
        self, *, accounts: Accounts, sessions: Sessions, revocations: RevocationWriter, page_tokens: PageTokens
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._revocations = revocations
        self._page_tokens = page_tokens

    async def get_user(self, user_id: UserId) -> Account:
        """Returns an account, active or not; raises UserNotFound."""
        user = await User.get_or_none(id=user_id)
        if user is None:
            raise UserNotFound(user_id)
        return await self._accounts.account(user)

    async def list_users(self, wanted: UserFilter, *, size: int, page_token: str) -> Page[Account]:
        """Returns a page of the accounts that a filter admits, newest first; raises PageTokenInvalid."""
        binding = ("ListUsers", wanted)
        position = self._page_tokens.read(page_token, binding=binding)
        limit = page_size(size)
        ids = await self._ids(wanted, before=position[0] if position else None, limit=limit + 1)
        by_id = await User.in_bulk(ids[:limit], "id")
        accounts = await self._accounts.accounts([by_id[user_id] for user_id in ids[:limit] if user_id in by_id])
        more = len(ids) > limit
        return Page(accounts, self._page_tokens.make([ids[limit - 1]], binding=binding) if more else "")

    async def update_user(self, actor_id: UserId, user_id: UserId, changes: UserChanges, *, etag: str) -> Account:
        """Changes the state or roles of another account and revokes its access tokens.

        Raises OwnAccount, UserNotFound, AccessDenied if only a superuser may, AccountGone if the actor is no longer
        active.
        """
        if actor_id == user_id:
            raise OwnAccount(user_id)
        async with transaction():
            # Both rows, so that two superusers cannot remove each other's role concurrently.
            locked = {user.id: user for user in await _locked([actor_id, user_id])}
            actor, user = locked.get(actor_id), locked.get(user_id)
            if actor is None or not actor.is_active:
                raise AccountGone
            if user is None:
                raise UserNotFound(user_id)
            _require_may_change(actor, user, changes)
            require_etag(etag, user)
            await self._change(user, changes, actor_id=actor_id)
        return await self._accounts.account(user)

    async def set_active(self, user_id: UserId, *, active: bool) -> Account:
        """Activates or deactivates an account, for operators; raises UserNotFound."""
        async with transaction():
            locked = await _locked([user_id])
            if not locked:
                raise UserNotFound(user_id)
            await self._change(locked[0], UserChanges(is_active=active), actor_id=None)
        return await self._accounts.account(locked[0])

    async def _change(self, user: User, changes: UserChanges, *, actor_id: UserId | None) -> None:
        changed = {name: value for name, value in changes.items() if getattr(user, name) != value}
        if not changed:
            return
        epoch = user.token_epoch + 1
        await User.filter(id=user.id).update(**changed, token_epoch=epoch)
        await self._revocations.revoke_user(UserId(user.id), before_epoch=epoch)
        if changed.get("is_active") is False:
            await self._sessions.end_all(UserId(user.id))
        await audit.record("users.update", resource=f"users/{user.id}", actor_user_id=actor_id, changes=changed)
        await user.refresh_from_db()

    async def _ids(self, wanted: UserFilter, *, before: int | None, limit: int) -> list[int]:
        conditions: list[str] = []
        values: list[Any] = []

        def add(condition: str, value: object) -> None:
            if value is not None and value != "":
                values.append(value)
                conditions.append(condition.format(f"${len(values)}"))

        add("id < {}", before)
        add("is_staff = {}", wanted.is_staff)
        add("is_superuser = {}", wanted.is_superuser)
        add("is_active = {}", wanted.is_active)
        add("date_joined >= {}", wanted.joined_from)
        add("date_joined < {}", wanted.joined_before)
        if "@" in wanted.text:
            add("email_hash = {}", self._accounts.email_index(wanted.text))
        elif wanted.text:
            add(f"{SEARCHED} ILIKE {{}}", contains_pattern(nfc(wanted.text)))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = await connection().execute_query_dict(
            # The statement consists of constants of this file; values are parameters.
            f"SELECT id FROM users {where} ORDER BY id DESC LIMIT {limit:d}",  # noqa: S608
            values,
        )
        return [row["id"] for row in rows]


async def _locked(user_ids: Sequence[UserId]) -> list[User]:
    return await User.filter(id__in=user_ids).order_by("id").select_for_update()


def _require_may_change(actor: User, user: User, changes: UserChanges) -> None:
    """Raises AccessDenied: staff may change the state of ordinary accounts, superusers may change all."""
    ordinary = not (user.is_staff or user.is_superuser) and changes.keys() <= {"is_active"}
    if not (actor.is_superuser or (actor.is_staff and ordinary)):
        raise AccessDenied("only superusers may change roles or the accounts of staff")
