"""Values of recommendations: filters, user histories, reasons and list items."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from service.catalog.service import MovieId


class RecommendationFilter(NamedTuple):
    """Filter of movies; an empty or zero field does not filter."""

    genre_ids_any: tuple[int, ...] = ()
    genre_ids_none: tuple[int, ...] = ()
    year_from: int = 0
    year_to: int = 0
    language: str = ""


class TrendingWindow(enum.Enum):
    """Time windows of trending movies: span and maximum age of the cached scores."""

    DAY = (timedelta(days=1), timedelta(minutes=1))
    WEEK = (timedelta(days=7), timedelta(minutes=5))
    MONTH = (timedelta(days=30), timedelta(minutes=15))

    @property
    def span(self) -> timedelta:
        """Length of the window, which ends now."""
        return self.value[0]

    @property
    def max_age(self) -> timedelta:
        """Maximum time until an interaction changes the scores."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class UserHistory:
    """Interactions of a user with movies, and the favorite genres of the profile."""

    ratings: Mapping[int, int]
    """Stars by movie, the newest first."""
    favorites: Mapping[int, None]
    """Ordered set of movies, the newest first."""
    watchlist: frozenset[int]
    dismissed: frozenset[int]
    favorite_genres: tuple[int, ...]
    """Ids of genres, some of which may be deleted."""

    def excluded_movies(self, *, include_watchlist: bool) -> set[int]:
        """Returns the movies that must not be recommended."""
        return {*self.ratings, *self.favorites, *self.dismissed, *(() if include_watchlist else self.watchlist)}


@dataclass(frozen=True, slots=True)
class RatedMovie:
    """Reason: the user gave a movie a high rating."""

    movie_id: MovieId
    rating: int


@dataclass(frozen=True, slots=True)
class FavoriteMovie:
    """Reason: a movie is one of the user's favorites."""

    movie_id: MovieId


@dataclass(frozen=True, slots=True)
class PopularInGenre:
    """Reason: the movie has one of the favorite genres of the user's profile."""

    genre_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Popular:
    """Reason: the movie has high ratings in general."""


Reason: TypeAlias = RatedMovie | FavoriteMovie | PopularInGenre | Popular


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A recommended movie and the reason."""

    movie_id: MovieId
    reason: Reason
    in_watchlist: bool
    """The rest of `viewer` is empty: a movie with a rating or in the favorites is never recommended."""


@dataclass(frozen=True, slots=True)
class ScoredMovie:
    """A movie and the score that orders it in its list."""

    movie_id: MovieId
    score: float


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A movie that must not be recommended to a user."""

    movie_id: MovieId
    created_at: datetime
