"""What travels between the functions about genres and countries and their callers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from service.catalog.models import Genre


@dataclass(frozen=True, slots=True)
class GenreDetail:
    """A genre and how many movies have it."""

    genre: Genre
    movie_count: int


class GenreChanges(TypedDict, total=False):
    """What staff write of a genre; what is absent stays as it is. None is not known."""

    name: str
    notes: str | None
    tmdb_id: int | None


class CountryChanges(TypedDict, total=False):
    """What staff write of a country; what is absent stays as it is."""

    name: str
    iso_3166_1: str | None
    """None for a country without a code."""
