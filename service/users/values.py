"""Values that the services of users take and return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

from service.api.etags import etag_of
from service.auth.tokens import IssuedToken
from service.media.values import Image
from service.users.models import User


@dataclass(frozen=True, slots=True)
class Account:
    """A user with the decrypted email address and the avatar."""

    user: User
    email: str
    avatar: Image | None

    @property
    def etag(self) -> str:
        """Etag of this version of the account and its profile."""
        return etag_of(self.user)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a session."""

    access: IssuedToken
    refresh: IssuedToken


@dataclass(frozen=True, slots=True)
class SignIn:
    """An account and the tokens of a new session."""

    account: Account
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Profile:
    """An account with its profile."""

    account: Account
    bio: str
    birth_date: date | None
    favorite_genre_ids: Sequence[int]
    notification_preferences: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session, for its user."""

    id: UUID
    label: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_current: bool


class ProfileChanges(TypedDict, total=False):
    """Changes of an account and its profile; absent keys stay unchanged."""

    username: str
    email: str
    first_name: str
    last_name: str
    bio: str
    birth_date: date | None
    favorite_genre_ids: Sequence[int]
    notification_preferences: Mapping[str, Any]
    avatar_file_id: int
    """0 removes the avatar."""


class UserChanges(TypedDict, total=False):
    """Changes that staff make to an account; absent keys stay unchanged."""

    is_active: bool
    is_staff: bool
    is_superuser: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Conditions on accounts; None or empty admits all."""

    is_staff: bool | None = None
    is_superuser: bool | None = None
    is_active: bool | None = None
    joined_from: datetime | None = None
    joined_before: datetime | None = None
    text: str = ""
