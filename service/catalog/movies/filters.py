"""Filters of ListMovies, and their conditions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from service.catalog.models import MediaType, MovieStatus
from service.catalog.movies.conditions import Comparison, Condition, Negation
from service.catalog.movies.filter_language import parse_filter

EQUAL = (
    "country",
    "language",
    "director_id",
    "person_id",
    "character_id",
    "year",
    "status",
    "media_type",
    "has_poster",
)
RANGES = {
    "released_from": ("release_date", ">="),
    "released_before": ("release_date", "<"),
    "duration_min": ("duration", ">="),
    "duration_max": ("duration", "<="),
    "vote_average_min": ("vote_average", ">="),
    "vote_average_max": ("vote_average", "<="),
    "vote_count_min": ("vote_count", ">="),
    "vote_count_max": ("vote_count", "<="),
    "rating_min": ("rating", ">="),
    "rating_max": ("rating", "<="),
    "budget_min": ("budget", ">="),
    "budget_max": ("budget", "<="),
    "updated_from": ("update_time", ">="),
}


# Has no slots, because cached_property needs a __dict__.
@dataclass(frozen=True, kw_only=True)
class MovieFilter:
    """Conditions for the movies to list. None or empty means no condition."""

    text: str = ""
    """Filter in the filter language."""
    genre_ids_any: tuple[int, ...] = ()
    genre_ids_all: tuple[int, ...] = ()
    genre_ids_none: tuple[int, ...] = ()
    country: str | None = None
    language: str | None = None
    director_id: int | None = None
    person_id: int | None = None
    character_id: int | None = None
    year: int | None = None
    released_from: date | None = None
    released_before: date | None = None
    duration_min: int | None = None
    duration_max: int | None = None
    vote_average_min: float | None = None
    vote_average_max: float | None = None
    vote_count_min: int | None = None
    vote_count_max: int | None = None
    rating_min: Decimal | None = None
    rating_max: Decimal | None = None
    status: MovieStatus | None = None
    media_type: MediaType | None = None
    budget_min: Decimal | None = None
    budget_max: Decimal | None = None
    has_poster: bool | None = None
    updated_from: datetime | None = None

    @property
    def reads_ratings(self) -> bool:
        """True if the ratings of users decide which movies are listed."""
        return self.rating_min is not None or self.rating_max is not None or "rating" in self.text

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that a movie must all fulfil; raises FilterInvalid for an invalid text."""
        bounds = [(name, field, operator) for name, (field, operator) in RANGES.items()]
        bounds += [(name, name, "=") for name in EQUAL]
        compared = [
            Comparison(field, operator, getattr(self, name))
            for name, field, operator in bounds
            if getattr(self, name) is not None
        ]
        return (*self._genres(), *compared, *parse_filter(self.text))

    def _genres(self) -> list[Condition]:
        conditions: list[Condition] = [Comparison("genre_id", "=", genre) for genre in sorted(self.genre_ids_all)]
        if self.genre_ids_any:
            conditions.append(_one_of(self.genre_ids_any))
        if self.genre_ids_none:
            conditions.append(Negation(_one_of(self.genre_ids_none)))
        return conditions


def _one_of(genre_ids: tuple[int, ...]) -> Comparison:
    return Comparison("genre_id", "=", genre_ids[0] if len(genre_ids) == 1 else tuple(sorted(genre_ids)))
