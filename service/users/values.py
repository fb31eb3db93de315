"""What travels between the accounts' functions and their callers."""

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
    """A user as they and staff see them; `email` is in clear."""

    user: User
    email: str
    avatar: Image | None

    @property
    def etag(self) -> str:
        """Names this version of the account and its profile."""
        return etag_of(self.user)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a session."""

    access: IssuedToken
    refresh: IssuedToken


@dataclass(frozen=True, slots=True)
class SignIn:
    """An account and tokens for it."""

    account: Account
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Profile:
    """An account and what its user tells about themselves."""

    account: Account
    bio: str
    birth_date: date | None
    favorite_genre_ids: Sequence[int]
    notification_preferences: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A sign-in as its user sees it."""

    id: UUID
    label: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_current: bool


class ProfileChanges(TypedDict, total=False):
    """What to change of an account and its profile; what is absent stays."""

    username: str
    email: str
    first_name: str
    last_name: str
    bio: str
    birth_date: date | None
    favorite_genre_ids: Sequence[int]
    notification_preferences: Mapping[str, Any]
    avatar_file_id: int
    """0 takes the picture away."""


class UserChanges(TypedDict, total=False):
    """What staff change of another's account; what is absent stays."""

    is_active: bool
    is_staff: bool
    is_superuser: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which accounts to list; what is None or empty holds for all."""

    is_staff: bool | None = None
    is_superuser: bool | None = None
    is_active: bool | None = None
    joined_from: datetime | None = None
    joined_before: datetime | None = None
    text: str = ""
