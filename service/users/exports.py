"""What is kept about a user, as it travels to them: one value a record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from service.audit import AuditEvent
from service.media.values import FileRecord
from service.users.values import Account, Profile, SessionRecord


@dataclass(frozen=True, slots=True)
class ExportedMovie:
    """A movie that the user keeps on a list; `title` is the one it has now."""

    movie_id: int
    title: str
    created_at: datetime


class ExportedFavorite(ExportedMovie):
    """A movie among the favorites."""

    __slots__ = ()


class ExportedWatchlistItem(ExportedMovie):
    """A movie on the watchlist."""

    __slots__ = ()


class ExportedDismissal(ExportedMovie):
    """A movie that the user did not want to see recommended."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ExportedRating:
    """A rating that the user gave; `rating` is 1 to 5."""

    movie_id: int
    title: str
    rating: int
    review: str
    created_at: datetime
    updated_at: datetime


Exported: TypeAlias = (
    Account
    | Profile
    | SessionRecord
    | FileRecord
    | ExportedFavorite
    | ExportedWatchlistItem
    | ExportedRating
    | ExportedDismissal
    | AuditEvent
)
"""One thing that is kept about a user."""
