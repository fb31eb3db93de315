"""Records of an account export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from service.audit import AuditEvent
from service.media.values import FileRecord
from service.users.values import Account, Profile, SessionRecord


@dataclass(frozen=True, slots=True)
class ExportedMovie:
    """A movie in a list of the user, with its current title."""

    movie_id: int
    title: str
    created_at: datetime


class ExportedFavorite(ExportedMovie):
    """A movie in the favorites."""

    __slots__ = ()


class ExportedWatchlistItem(ExportedMovie):
    """A movie in the watchlist."""

    __slots__ = ()


class ExportedDismissal(ExportedMovie):
    """A movie that the user dismissed from the recommendations."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ExportedRating:
    """A rating of the user; `rating` is 1 to 5."""

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
"""One record of personal data."""
