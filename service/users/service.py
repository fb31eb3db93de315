"""Accounts: registering, signing in, profiles, avatars."""

from __future__ import annotations

import unicodedata
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

import email_validator
from tortoise.exceptions import IntegrityError
from tortoise.functions import Lower

from service import audit
from service.auth.passwords import PasswordHasher
from service.auth.principal import AccountGone, Role, UserId
from service.auth.sealing import DataSealer
from service.auth.tokens import IssuedToken, TokenIssuer
from service.db import transaction, violated_constraint
from service.errors import NotFound, invalid_field
from service.media.service import Media
from service.media.values import FileId, Image
from service.users.errors import CredentialsInvalid, EmailTaken, UsernameTaken, UserNotFound
from service.users.models import User, UserProfile


@dataclass(frozen=True, slots=True)
class Account:
    """A user as they and staff see them; `email` is in clear."""

    user: User
    email: str
    avatar: Image | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """An account and a token for it."""

    account: Account
    access_token: IssuedToken


@dataclass(frozen=True, slots=True)
class Profile:
    """An account and what its user tells about themselves."""

    account: Account
    bio: str
    favorite_genre_ids: list[int]


class Users:
    """The accounts."""

    def __init__(self, *, passwords: PasswordHasher, tokens: TokenIssuer, sealer: DataSealer, media: Media) -> None:
        self._passwords = passwords
        self._tokens = tokens
        self._sealer = sealer
        self._media = media

    async def register(
        self,
        *,
        username: str,
        email: str,
        password: str,
        first_name: str = "",
        last_name: str = "",
        is_staff: bool = False,
    ) -> SignIn:
        """Makes an account with its profile in one transaction and signs it in.

        Raises FieldsInvalid for an address that is none, UsernameTaken, EmailTaken, PasswordHashingBusy.
        """
        address = normalized_email(email)
        password_hash = await self._passwords.hash(password)
        try:
            async with transaction():
                user = await User.create(
                    username=username,
                    first_name=_nfc(first_name),
                    last_name=_nfc(last_name),
                    email_encrypted=self._sealer.seal(address),
                    email_hash=self._email_index(address),
                    password_hash=password_hash,
                    is_staff=is_staff,
                )
                await UserProfile.create(user_id=user.id)
                await audit.record("users.register", resource=f"users/{user.id}", actor_user_id=user.id)
        except IntegrityError as error:
            match violated_constraint(error):
                case "uq_users_username_ci":
                    raise UsernameTaken from error
                case "uq_users_email_hash":
                    raise EmailTaken from error
            raise
        return self._signed_in(Account(user, address, None))

    async def login(self, *, login: str, password: str) -> SignIn:
        """Signs in by username or address. Raises CredentialsInvalid, PasswordHashingBusy."""
        user = await self._find_user(login)
        matches = await self._passwords.verify(user.password_hash if user else None, password)
        if user is None or not matches or not user.is_active:
            raise CredentialsInvalid
        async with transaction():
            await User.filter(id=user.id).update(last_login_at=datetime.now(UTC))
            await audit.record("users.login", resource=f"users/{user.id}", actor_user_id=user.id)
        return self._signed_in(await self._account(user))

    async def get_profile(self, user_id: UserId) -> Profile:
        """Returns a user's account and profile; raises AccountGone."""
        user = await User.get_or_none(id=user_id, is_active=True)
        if user is None:
            raise AccountGone
        profile = await UserProfile.get(user_id=user.id)
        return Profile(await self._account(user), profile.bio, profile.favorite_genres)

    async def _find_user(self, login: str) -> User | None:
        if "@" in login:
            return await User.get_or_none(email_hash=self._email_index(login))
        lowered = User.annotate(username_lower=Lower("username"))
        return await lowered.filter(username_lower=login.lower()).first()

    async def _account(self, user: User) -> Account:
        images = await self._media.get_images([user.avatar_id]) if user.avatar_id else {}
        return Account(user, self._sealer.unseal(user.email_encrypted), images.get(user.avatar_id or 0))

    def _signed_in(self, account: Account) -> SignIn:
        user = account.user
        token = self._tokens.issue_access(UserId(user.id), roles=roles_of(user), epoch=user.token_epoch)
        return SignIn(account, token)

    def _email_index(self, email: str) -> bytes:
        return self._sealer.index(_nfc(email).casefold())


class AvatarOwner:
    """Users as the owners of avatars."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for a user that does not exist."""
        return UserNotFound(owner_id)

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Makes the file the user's picture."""
        await User.filter(id=owner_id).update(avatar_id=file_id)


def normalized_email(email: str) -> str:
    """Returns an address in its canonical form; raises FieldsInvalid. Delivery is not checked."""
    try:
        return email_validator.validate_email(email, check_deliverability=False).normalized
    except email_validator.EmailNotValidError as error:
        raise invalid_field("email", "email.format", str(error)) from error


def roles_of(user: User) -> AbstractSet[Role]:
    """Returns the roles that an account's flags give."""
    flags = ((True, Role.USER), (user.is_staff, Role.STAFF), (user.is_superuser, Role.SUPERUSER))
    return frozenset(role for held, role in flags if held)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
