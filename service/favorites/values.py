"""What users keep, as values."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from service.catalog.service import MovieId, ViewerState


class KeptMovie(NamedTuple):
    """A movie among a user's favorites or on their watchlist, and all that they did with it."""

    movie_id: MovieId
    created_at: datetime
    state: ViewerState


class AddOutcome(enum.StrEnum):
    """What became of one movie that was to be added."""

    ADDED = "added"
    ALREADY_THERE = "already_there"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one movie, and when it was added, if it is there."""

    movie_id: MovieId
    outcome: AddOutcome
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """A user's rating of a movie, 1 to 5; the review is empty without one."""

    id: int
    movie_id: MovieId
    rating: int
    review: str
    created_at: datetime
    updated_at: datetime
    row_version: int


@dataclass(frozen=True, slots=True)
class ListedRating:
    """A rating of a list, and all that the user did with its movie."""

    rating: Rating
    state: ViewerState


@dataclass(frozen=True, slots=True)
class RatingChanges:
    """What is to become of a rating; what is None stays."""

    rating: int | None = None
    review: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """What a user wrote about a movie, as everybody may read it."""

    rating: int
    review: str
    author: str
    """The author's username."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RatingFigures:
    """How all users together rate a movie."""

    movie_id: MovieId
    count: int
    total: int
    """Sum of all ratings."""
    distribution: Sequence[int]
    """How many gave 1, 2, 3, 4 and 5."""

    @property
    def average(self) -> float:
        """The mean; 0 while there are no ratings."""
        return self.total / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Activity:
    """Where a list stands: how often it changed, and when it did last."""

    version: int = 0
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Activities:
    """Where each of a user's lists stands."""

    favorites: Activity = Activity()
    watchlist: Activity = Activity()
    ratings: Activity = Activity()
