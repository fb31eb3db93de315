"""Sessions: sign-in, tokens and passwords."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from service import audit
from service.auth.client_info import ClientInfo
from service.auth.passwords import PasswordHasher
from service.auth.principal import AccountGone, UserId
from service.auth.revocations import RevocationWriter
from service.auth.tokens import RefreshClaims, TokenInvalid, TokenIssuer, TokenVerifier
from service.database.orm import transaction
from service.errors import FieldsInvalid
from service.ratelimit.password_attempts import PasswordAttempts
from service.users.accounts import Accounts, roles_of
from service.users.errors import CredentialsInvalid, PasswordWrong, SessionNotFound
from service.users.models import Session, User
from service.users.rules import nfc, password_violations
from service.users.values import SessionRecord, SignIn, Tokens

MAX_SESSIONS = 50
"""Maximum number of open sessions of a user; a new one ends the least recently used one."""


class Sessions:
    """The sessions of all users."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        passwords: PasswordHasher,
        attempts: PasswordAttempts,
        issuer: TokenIssuer,
        verifier: TokenVerifier,
        revocations: RevocationWriter,
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._attempts = attempts
        self._issuer = issuer
        self._verifier = verifier
        self._revocations = revocations

    async def login(self, *, login: str, password: str, client_info: ClientInfo) -> SignIn:
        """Signs in with a username or email address.

        Raises CredentialsInvalid after the same amount of work for every cause; TooManyAttempts, PasswordHashingBusy.
        """
        async with self._passwords.slot():
            return await self._login_in_slot(login, password, client_info)

    async def _login_in_slot(self, login: str, password: str, client_info: ClientInfo) -> SignIn:
        user = await self._accounts.find_user(login)
        account = self._accounts.pseudonym("login", nfc(login).casefold()).hex()
        if not await self._password_matches(user, password, account=account, client_info=client_info) or user is None:
            raise CredentialsInvalid
        changes: dict[str, object] = {"last_login_at": datetime.now(UTC)}
        if self._passwords.needs_rehash(user.password_hash):
            changes["password_hash"] = await self._passwords.rehash(password)
        async with transaction():
            # Fails if the account was deactivated or its password changed in the meantime.
            same = User.filter(id=user.id, is_active=True, password_hash=user.password_hash)
            if not await same.update(**changes):
                raise CredentialsInvalid
            await user.refresh_from_db()
            tokens = await self.open(user, client_info)
            await audit.record("users.login", resource=f"users/{user.id}", actor_user_id=user.id)
        return SignIn(await self._accounts.account(user), tokens)

    async def open(self, user: User, client_info: ClientInfo) -> Tokens:
        """Opens a session in the current transaction and returns its first tokens."""
        session_id = uuid.uuid4()
        tokens = self._issue(user, session_id)
        await Session.create(
            id=session_id,
            user_id=user.id,
            label=client_info.device,
            peer_hash=self._accounts.pseudonym("peer", client_info.peer),
            token_sha256=_sha256(tokens.refresh.token),
            expires_at=tokens.refresh.expires_at,
        )
        surplus = _open_sessions(user.id).order_by("-last_used_at").offset(MAX_SESSIONS)
        await self._end(await _ids(surplus))
        return tokens

    async def refresh_tokens(self, token: str) -> Tokens:
        """Exchanges a refresh token for new tokens; of concurrent calls with one token, only one succeeds.

        Raises TokenInvalid. A reused token ends its session, because one of the two callers has stolen it.
        """
        claims = self._verifier.verify_refresh(token)
        async with transaction():
            tokens = await self._renew(claims, token)
            if tokens is not None:
                return tokens
            # Validly signed for this session but not its newest token, so it was used before.
            if await self._end_own(claims.user_id, claims.session_id):
                await audit.record(
                    "sessions.token_reused",
                    resource=f"users/{claims.user_id}",
                    actor_user_id=None,
                    outcome="denied",
                    session=str(claims.session_id),
                )
        raise TokenInvalid(is_forged=False)

    async def logout(self, user_id: UserId, *, session_id: UUID | None) -> None:
        """Ends one session of a user, or all of them for None."""
        async with transaction():
            ended = await self.end_all(user_id) if session_id is None else await self._end_own(user_id, session_id)
            await audit.record("users.logout", resource=f"users/{user_id}", actor_user_id=user_id, sessions_ended=ended)

    async def list_sessions(self, user_id: UserId, *, current: UUID | None) -> list[SessionRecord]:
        """Returns a user's open sessions, most recently used first."""
        sessions = await _open_sessions(user_id).order_by("-last_used_at").limit(MAX_SESSIONS)
        return [
            SessionRecord(s.id, s.label, s.created_at, s.last_used_at, s.expires_at, is_current=s.id == current)
            for s in sessions
        ]

    async def revoke_session(self, user_id: UserId, session_id: UUID) -> None:
        """Ends a session of a user; an ended one is no error. Raises SessionNotFound."""
        if not await Session.exists(id=session_id, user_id=user_id):
            raise SessionNotFound(session_id)
        async with transaction():
            if await self._end_own(user_id, session_id):
                await audit.record(
                    "sessions.revoke", resource=f"users/{user_id}", actor_user_id=user_id, session=str(session_id)
                )

    async def require_password(self, user_id: UserId, password: str, *, client_info: ClientInfo) -> User:
        """Returns the user if the password is theirs; raises PasswordWrong, AccountGone, TooManyAttempts."""
        user = await User.get_or_none(id=user_id, is_active=True)
        if user is None:
            raise AccountGone
        async with self._passwords.slot():
            if not await self._password_matches(user, password, account=f"user:{user_id}", client_info=client_info):
                raise PasswordWrong
        return user

    async def change_password(
        self, user_id: UserId, *, session_id: UUID, current: str, new: str, client_info: ClientInfo
    ) -> int:
        """Changes a user's password and ends their other sessions; returns the number of ended sessions.

        Raises PasswordWrong, FieldsInvalid for a weak new password, TooManyAttempts.
        """
        user = await self.require_password(user_id, current, client_info=client_info)
        new_hash = await self._checked_hash(user, new, field="new_password")
        async with transaction():
            if not await User.filter(id=user_id, password_hash=user.password_hash).update(password_hash=new_hash):
                raise PasswordWrong
            ended = await self._end_all_but(user_id, session_id)
            await audit.record(
                "users.change_password", resource=f"users/{user_id}", actor_user_id=user_id, sessions_ended=ended
            )
        return ended

    async def set_password(self, user_id: UserId, password: str) -> None:
        """Sets a user's password and ends their sessions, for operators.

        Raises AccountGone, and FieldsInvalid for a weak password.
        """
        user = await User.get_or_none(id=user_id)
        if user is None:
            raise AccountGone
        new_hash = await self._checked_hash(user, password, field="new_password")
        async with transaction():
            await User.filter(id=user_id).update(password_hash=new_hash)
            ended = await self.end_all(user_id)
            await audit.record(
                "users.set_password", resource=f"users/{user_id}", actor_user_id=None, sessions_ended=ended
            )

    async def end_all(self, user_id: UserId) -> int:
        """Ends every session of a user in the current transaction; returns the number of open ones."""
        return await self._end_all_but(user_id, None)

    async def _password_matches(
        self, user: User | None, password: str, *, account: str, client_info: ClientInfo
    ) -> bool:
        """Counts the attempt and verifies the password; does the same work for an unknown user."""
        peer = self._accounts.pseudonym("peer", client_info.peer)
        # Also for unknown users, so that they take the same time.
        known = await Session.exists(user_id=user.id if user else 0, peer_hash=peer)
        await self._attempts.begin(account=account, peer=peer.hex(), is_known_peer=known)
        matches = await self._passwords.verify(user.password_hash if user else None, password)
        if matches and user is not None and user.is_active:
            await self._attempts.succeeded(account=account, peer=peer.hex())
            return True
        resource = f"users/{user.id}" if user else f"logins/{account[:16]}"
        await audit.record(
            "users.password_check", resource=resource, actor_user_id=None, outcome="denied", peer=peer.hex()[:16]
        )
        return False

    async def _checked_hash(self, user: User, password: str, *, field: str) -> str:
        email = (await self._accounts.account(user)).email
        violations = password_violations(password, field=field, username=user.username, email=email)
        if violations:
            raise FieldsInvalid(violations)
        return await self._passwords.hash(password)

    async def _renew(self, claims: RefreshClaims, token: str) -> Tokens | None:
        """Replaces a session's newest refresh token; returns None if `token` is not the newest."""
        user = await User.get_or_none(id=claims.user_id, is_active=True)
        if user is None:
            return None
        tokens = self._issue(user, claims.session_id)
        newest = _open_sessions(claims.user_id, id=claims.session_id, token_sha256=_sha256(token))
        swapped = await newest.update(
            token_sha256=_sha256(tokens.refresh.token),
            last_used_at=datetime.now(UTC),
            expires_at=tokens.refresh.expires_at,
        )
        return tokens if swapped else None

    def _issue(self, user: User, session_id: UUID) -> Tokens:
        user_id = UserId(user.id)
        return Tokens(
            self._issuer.issue_access(user_id, session_id=session_id, roles=roles_of(user), epoch=user.token_epoch),
            self._issuer.issue_refresh(user_id, session_id=session_id),
        )

    async def _end_own(self, user_id: UserId, session_id: UUID) -> int:
        return await self._end(await _ids(_open_sessions(user_id, id=session_id)))

    async def _end_all_but(self, user_id: UserId, excluded: UUID | None) -> int:
        sessions = _open_sessions(user_id)
        return await self._end(await _ids(sessions if excluded is None else sessions.exclude(id=excluded)))

    async def _end(self, session_ids: Sequence[UUID]) -> int:
        """Ends sessions in the current transaction; returns the number of open ones."""
        ended = await Session.filter(id__in=session_ids, revoked_at=None).update(revoked_at=datetime.now(UTC))
        await self._revocations.revoke_sessions(session_ids)
        return ended


def _open_sessions(user_id: int, **conditions: object) -> QuerySet[Session]:
    return Session.filter(user_id=user_id, revoked_at=None, expires_at__gt=datetime.now(UTC), **conditions)


async def _ids(sessions: QuerySet[Session]) -> list[UUID]:
    return [session_id for (session_id,) in await sessions.values_list("id")]


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
