"""Values that services return and servicers convert."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from service.catalog.service import MovieId, ViewerState


class ListedMovie(NamedTuple):
    """A movie in a user's favorites or watchlist, with all their interactions with it."""

    movie_id: MovieId
    created_at: datetime
    state: ViewerState


class AddOutcome(enum.StrEnum):
    """Outcome of adding one movie."""

    ADDED = "added"
    ALREADY_THERE = "already_there"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class AddResult:
    """Outcome for one movie, and the time at which it was added if the list has it."""

    movie_id: MovieId
    outcome: AddOutcome
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """A user's rating of a movie, 1 to 5; the review may be empty."""

    id: int
    movie_id: MovieId
    rating: int
    review: str
    created_at: datetime
    updated_at: datetime
    row_version: int


@dataclass(frozen=True, slots=True)
class ListedRating:
    """A rating in a list, with all the user's interactions with its movie."""

    rating: Rating
    state: ViewerState


@dataclass(frozen=True, slots=True)
class RatingChanges:
    """Changes to a rating; None leaves a field unchanged."""

    rating: int | None = None
    review: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A user's public review of a movie."""

    rating: int
    review: str
    author: str
    """The author's username."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RatingTotals:
    """Totals of all ratings of a movie."""

    movie_id: MovieId
    count: int
    total: int
    """Sum of all ratings."""
    distribution: Sequence[int]
    """Number of ratings 1, 2, 3, 4 and 5."""

    @property
    def average(self) -> float:
        """Mean rating; 0 if there are no ratings."""
        return self.total / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Activity:
    """Version of a list, which counts its changes, and the time of the last change."""

    version: int = 0
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Activities:
    """Activity of each of a user's lists."""

    favorites: Activity = Activity()
    watchlist: Activity = Activity()
    ratings: Activity = Activity()
