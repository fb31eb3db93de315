"""What travels between the functions about recommendations and their callers."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from service.catalog.service import MovieId


class Wanted(NamedTuple):
    """Which movies to recommend; what is empty or 0 holds for all."""

    genre_ids_any: tuple[int, ...] = ()
    genre_ids_none: tuple[int, ...] = ()
    year_from: int = 0
    year_to: int = 0
    language: str = ""


class Window(enum.Enum):
    """The spans of time that trends are told for, each with the age at which a trend is computed anew."""

    DAY = (timedelta(days=1), timedelta(minutes=1))
    WEEK = (timedelta(days=7), timedelta(minutes=5))
    MONTH = (timedelta(days=30), timedelta(minutes=15))

    @property
    def span(self) -> timedelta:
        """How far back it reaches."""
        return self.value[0]

    @property
    def max_age(self) -> timedelta:
        """After what time what users do shows at the latest."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Taste:
    """What a user told by what they did."""

    ratings: Mapping[int, int]
    """Stars by movie, the newest first."""
    favorites: Mapping[int, None]
    """A set in an order: the newest first."""
    watchlist: frozenset[int]
    dismissed: frozenset[int]
    favorite_genres: tuple[int, ...]
    """Genres that the profile names; some may be gone."""

    def unwanted(self, *, include_watchlist: bool) -> set[int]:
        """Returns the movies that are not to be recommended."""
        return {*self.ratings, *self.favorites, *self.dismissed, *(() if include_watchlist else self.watchlist)}


@dataclass(frozen=True, slots=True)
class Rated:
    """The user rated a movie well."""

    movie_id: MovieId
    rating: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A movie is among the user's favorites."""

    movie_id: MovieId


@dataclass(frozen=True, slots=True)
class PopularInGenre:
    """A movie is of a genre that the user's profile names."""

    genre_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Popular:
    """A movie is rated well in general."""


Reason: TypeAlias = Rated | Kept | PopularInGenre | Popular


@dataclass(frozen=True, slots=True)
class Recommended:
    """A movie, and why it is recommended."""

    movie_id: MovieId
    reason: Reason
    in_watchlist: bool
    """The one thing that the user may have done with it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A movie with what orders it; what that means, the list tells."""

    movie_id: MovieId
    score: float


@dataclass(frozen=True, slots=True)
class Dismissed:
    """A movie that a user does not want to see recommended."""

    movie_id: MovieId
    created_at: datetime
