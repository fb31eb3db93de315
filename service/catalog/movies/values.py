"""What travels between the functions about movies and their callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

from service.api.pagination import Page
from service.catalog.models import MediaType, MovieStatus
from service.catalog.movies.counting import FacetCounts, Total
from service.catalog.service import MovieId


@dataclass(frozen=True, slots=True)
class MovieList:
    """A page of movies, with the total and the facets if they were requested."""

    page: Page[MovieId]
    total: Total | None
    facets: Sequence[FacetCounts]


class MovieChanges(TypedDict, total=False):
    """What staff write of a movie; what is absent stays as it is. None is not known."""

    tmdb_id: int | None
    imdb_id: str | None
    title: str
    original_title: str | None
    description: str
    tagline: str
    release_date: date | None
    duration: int | None
    """Minutes."""
    budget: Decimal | None
    """US dollars, two decimals at most; so is `revenue`."""
    revenue: Decimal | None
    director_id: int | None
    country_id: int | None
    genre_ids: Sequence[int]
    """Each once."""
    poster_path: str | None
    backdrop_path: str | None
    vote_average: float
    vote_count: int
    popularity: float
    media_type: MediaType
    status: MovieStatus | None
    original_language: str | None
    production_companies: Sequence[Mapping[str, Any]]
    """As The Movie Database writes them, which the other lists are, too."""
    production_countries: Sequence[Mapping[str, Any]]
    spoken_languages: Sequence[Mapping[str, Any]]
