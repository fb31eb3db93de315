"""The filters, totals and facets of ListMovies as messages."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from marquee.catalog.v1 import movie_pb2, movies_pb2

from service.api.protobuf import from_date, from_money, from_timestamp
from service.catalog.models import MediaType, MovieStatus
from service.catalog.movies.counting import Facet, FacetCounts, Total
from service.catalog.movies.filters import MovieFilter

IDS_AND_CODES = ("country", "language", "director_id", "person_id", "character_id", "year")
OPTIONAL = (
    "duration_min",
    "duration_max",
    "vote_average_min",
    "vote_average_max",
    "vote_count_min",
    "vote_count_max",
    "has_poster",
)


def _rating(value: float, *, field: str) -> Decimal:  # noqa: ARG001 - read as the others are
    return Decimal(repr(value))


READ: dict[str, Callable[..., Any]] = {
    "released_from": from_date,
    "released_before": from_date,
    "budget_min": from_money,
    "budget_max": from_money,
    "rating_min": _rating,
    "rating_max": _rating,
    "updated_from": from_timestamp,
}


def to_filter(request: movies_pb2.ListMoviesRequest) -> MovieFilter:
    """Returns what a request asks for; raises FieldsInvalid."""
    message: Any = request
    wanted: dict[str, Any] = {name: getattr(message, name) or None for name in IDS_AND_CODES}
    wanted |= {name: getattr(message, name) for name in OPTIONAL if message.HasField(name)}
    wanted |= {name: read(getattr(message, name), field=name) for name, read in READ.items() if message.HasField(name)}
    if request.status:
        wanted["status"] = MovieStatus[movie_pb2.MovieStatus.Name(request.status).removeprefix("MOVIE_STATUS_")]
    if request.media_type:
        wanted["media_type"] = MediaType[movie_pb2.MediaType.Name(request.media_type).removeprefix("MEDIA_TYPE_")]
    return MovieFilter(
        text=request.filter,
        genre_ids_any=tuple(request.genre_ids_any),
        genre_ids_all=tuple(request.genre_ids_all),
        genre_ids_none=tuple(request.genre_ids_none),
        **wanted,
    )


def to_facets(request: movies_pb2.ListMoviesRequest) -> list[Facet]:
    """Returns the facets asked for."""
    return [Facet[movies_pb2.Facet.Name(facet).removeprefix("FACET_")] for facet in request.facets]


def to_total(total: Total | None) -> movies_pb2.TotalSize | None:
    """Returns the message of a total, if there is one."""
    return movies_pb2.TotalSize(count=total.count, is_estimate=total.is_estimate) if total else None


def to_facet_counts(counts: FacetCounts) -> movies_pb2.FacetCounts:
    """Returns the message of a facet's values."""
    return movies_pb2.FacetCounts(
        facet=movies_pb2.Facet.Value(f"FACET_{counts.facet.name}"),
        values=[
            movies_pb2.FacetValue(value=value.value, genre_id=value.genre_id, count=value.count)
            for value in counts.values
        ],
        is_partial=counts.is_partial,
    )
