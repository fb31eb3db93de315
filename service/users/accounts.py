"""Accounts: look-up by username or email address, and decryption of the address."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from tortoise.exceptions import IntegrityError
from tortoise.functions import Lower

from service.auth.encryption import DataCipher
from service.auth.principal import Role
from service.database.orm import violated_constraint
from service.errors import AlreadyExists
from service.media.service import Media
from service.users.errors import EmailTaken, UsernameTaken
from service.users.models import User
from service.users.rules import nfc
from service.users.values import Account


class Accounts:
    """Finds users and decrypts their encrypted columns."""

    def __init__(self, *, cipher: DataCipher, media: Media) -> None:
        self._cipher = cipher
        self._media = media

    async def find_user(self, login: str) -> User | None:
        """Returns the user with this username or address, active or not."""
        if "@" in login:
            return await User.get_or_none(email_hash=self.email_index(login))
        lowered = User.annotate(username_lower=Lower("username"))
        return await lowered.filter(username_lower=login.lower()).first()

    async def account(self, user: User) -> Account:
        """Returns a user's account."""
        (account,) = await self.accounts([user])
        return account

    async def accounts(self, users: Sequence[User]) -> list[Account]:
        """Returns the accounts of users, in the same order, with at most two queries for all avatars."""
        images = await self._media.get_images([user.avatar_id for user in users if user.avatar_id])
        return [
            Account(user, self._cipher.decrypt(user.email_encrypted), images.get(user.avatar_id or 0)) for user in users
        ]

    def encrypted_email(self, email: str) -> dict[str, bytes]:
        """Returns the columns of a normalized address."""
        return {"email_encrypted": self._cipher.encrypt(email), "email_hash": self.email_index(email)}

    def email_index(self, email: str) -> bytes:
        """Returns the keyed hash by which an address is found, case-insensitively."""
        return self._cipher.index(nfc(email).casefold())

    def pseudonym(self, kind: str, value: str) -> bytes:
        """Returns a keyed hash of a value that is recognized but not stored, such as a peer."""
        return self._cipher.index(f"{kind}\n{value}")


def taken_error(error: IntegrityError) -> AlreadyExists | None:
    """Returns the error for a username or address of another account; None for other violations."""
    match violated_constraint(error):
        case "uq_users_username_ci" | "uq_users_username_skeleton":
            return UsernameTaken()
        case "uq_users_email_hash":
            return EmailTaken()
    return None


def roles_of(user: User) -> AbstractSet[Role]:
    """Returns the roles that an account's flags give."""
    flags = ((True, Role.USER), (user.is_staff, Role.STAFF), (user.is_superuser, Role.SUPERUSER))
    return frozenset(role for held, role in flags if held)
