"""The caller of a request: anonymous, a user, or a service."""

from __future__ import annotations

import enum
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NewType
from uuid import UUID

from service.errors import PermissionDenied, Unauthenticated

UserId = NewType("UserId", int)


class Role(enum.StrEnum):
    """The kind of a caller; a user may have several roles."""

    USER = "user"
    STAFF = "staff"
    SUPERUSER = "superuser"
    SERVICE = "service"


class AuthenticationRequired(Unauthenticated):
    """The rpc does not allow anonymous callers."""


class AccessDenied(PermissionDenied):
    """The caller is known and not allowed to use the rpc, or not in this way."""


class AccountGone(Unauthenticated):
    """The token is valid, but its account was deactivated or erased later."""

    def __init__(self) -> None:
        super().__init__("this account is no longer active; sign in again")


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller; anonymous if it has no roles."""

    subject: str = ""
    """A user's id in decimal, a service's name, or empty."""
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[str] = frozenset()
    """The permissions of a service, such as `media.register`."""
    session_id: UUID | None = None
    """The session of a user."""
    # Computed once for each token, because each call reads them several times.
    user_id: UserId | None = field(init=False, compare=False)
    """The user's id; None for an anonymous caller and for a service."""
    is_service: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "user_id", UserId(int(self.subject)) if Role.USER in self.roles else None)
        object.__setattr__(self, "is_service", Role.SERVICE in self.roles)

    @property
    def is_anonymous(self) -> bool:
        """True if the caller is not signed in."""
        return not self.roles

    def require_session(self) -> UUID:
        """Returns the session of the user; raises as require_user does."""
        self.require_user()
        if self.session_id is None:
            raise AuthenticationRequired("sign in first")
        return self.session_id

    def require_user(self) -> UserId:
        """Returns the id of the user; raises AuthenticationRequired, or AccessDenied for a service."""
        user_id = self.user_id
        if user_id is None:
            if self.is_anonymous:
                raise AuthenticationRequired("sign in first")
            raise AccessDenied("this rpc is for users, not for services")
        return user_id

    @property
    def is_staff(self) -> bool:
        """True for staff and superusers."""
        return Role.STAFF in self.roles or Role.SUPERUSER in self.roles


ANONYMOUS = Principal()
CURRENT: ContextVar[Principal] = ContextVar("principal", default=ANONYMOUS)


def current_principal() -> Principal:
    """Returns the caller of the current request, set by the authentication interceptor."""
    return CURRENT.get()
