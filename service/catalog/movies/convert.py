"""Conversions for the rpcs about movies: filters, totals, facets, and the fields of a movie that staff write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, cast

from marquee.catalog.v1 import movie_pb2, movies_pb2

from service.api.protobuf import (
    FieldReaders,
    from_date,
    from_money,
    from_timestamp,
    path_of,
    read_changes,
    read_fields,
    read_optional_text,
    read_optional_value,
    read_required_text,
    read_text,
    read_value,
)
from service.catalog.models import MediaType, MovieStatus
from service.catalog.movies.counting import Facet, FacetCounts, Total
from service.catalog.movies.filters import MovieFilter
from service.catalog.movies.service import MovieChanges

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


def _rating(value: float, *, field: str) -> Decimal:  # noqa: ARG001 - the signature of the others
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
    """Returns the filter of a request; raises FieldsInvalid."""
    message: Any = request
    values: dict[str, Any] = {name: getattr(message, name) or None for name in IDS_AND_CODES}
    values |= {name: getattr(message, name) for name in OPTIONAL if message.HasField(name)}
    values |= {name: read(getattr(message, name), field=name) for name, read in READ.items() if message.HasField(name)}
    if request.status:
        values["status"] = MovieStatus[movie_pb2.MovieStatus.Name(request.status).removeprefix("MOVIE_STATUS_")]
    if request.media_type:
        values["media_type"] = MediaType[movie_pb2.MediaType.Name(request.media_type).removeprefix("MEDIA_TYPE_")]
    return MovieFilter(
        text=request.filter,
        genre_ids_any=tuple(request.genre_ids_any),
        genre_ids_all=tuple(request.genre_ids_all),
        genre_ids_none=tuple(request.genre_ids_none),
        **values,
    )


def to_facets(request: movies_pb2.ListMoviesRequest) -> list[Facet]:
    """Returns the requested facets."""
    return [Facet[movies_pb2.Facet.Name(facet).removeprefix("FACET_")] for facet in request.facets]


def to_total(total: Total | None) -> movies_pb2.TotalSize | None:
    """Returns the message of a total; None without one."""
    return movies_pb2.TotalSize(count=total.count, is_estimate=total.is_estimate) if total else None


def to_facet_counts(counts: FacetCounts) -> movies_pb2.FacetCounts:
    """Returns the message of the values of a facet."""
    return movies_pb2.FacetCounts(
        facet=movies_pb2.Facet.Value(f"FACET_{counts.facet.name}"),
        values=[
            movies_pb2.FacetValue(value=value.value, genre_id=value.genre_id, count=value.count)
            for value in counts.values
        ],
        is_partial=counts.is_partial,
    )


def new_movie_from(request: movies_pb2.CreateMovieRequest) -> MovieChanges:
    """Returns all fields of a new movie; raises FieldsInvalid, naming every invalid field."""
    return cast("MovieChanges", read_fields(request.movie, MOVIE_FIELDS, MOVIE_FIELDS))


def movie_changes_from(request: movies_pb2.UpdateMovieRequest) -> MovieChanges:
    """Returns the fields to change; raises FieldsInvalid for an invalid mask and for every invalid field."""
    return cast("MovieChanges", read_changes(request.movie, request.update_mask, MOVIE_FIELDS))


def _date(movie: Any, name: str) -> date | None:
    return from_date(getattr(movie, name), field=path_of(movie, name)) if movie.HasField(name) else None


def _money(movie: Any, name: str) -> Decimal | None:
    return from_money(getattr(movie, name), field=path_of(movie, name)) if movie.HasField(name) else None


def _status(movie: movie_pb2.Movie, _name: str) -> MovieStatus | None:
    if movie.status == movie_pb2.MOVIE_STATUS_UNSPECIFIED:
        return None
    return MovieStatus[movie_pb2.MovieStatus.Name(movie.status).removeprefix("MOVIE_STATUS_")]


def _media_type(movie: movie_pb2.Movie, _name: str) -> MediaType:
    if movie.media_type == movie_pb2.MEDIA_TYPE_UNSPECIFIED:
        return MediaType.MOVIE
    return MediaType[movie_pb2.MediaType.Name(movie.media_type).removeprefix("MEDIA_TYPE_")]


def _genre_ids(movie: movie_pb2.Movie, _name: str) -> list[int]:
    return list(movie.genre_ids)


def _companies(movie: movie_pb2.Movie, _name: str) -> list[dict[str, Any]]:
    return [
        {"name": company.name, "id": company.tmdb_id} if company.tmdb_id else {"name": company.name}
        for company in movie.production_companies
    ]


def _countries(movie: movie_pb2.Movie, _name: str) -> list[dict[str, Any]]:
    return [{"iso_3166_1": country.code, "name": country.name} for country in movie.production_countries]


def _languages(movie: movie_pb2.Movie, _name: str) -> list[dict[str, Any]]:
    return [{"iso_639_1": language.code, "name": language.name} for language in movie.spoken_languages]


MOVIE_FIELDS: FieldReaders = {
    "tmdb_id": read_optional_value,
    "imdb_id": read_optional_value,
    "title": read_required_text,
    "original_title": read_optional_text,
    "description": read_text,
    "tagline": read_text,
    "release_date": _date,
    "duration": read_optional_value,
    "budget": _money,
    "revenue": _money,
    "director_id": read_optional_value,
    "country_id": read_optional_value,
    "genre_ids": _genre_ids,
    "poster_path": read_optional_value,
    "backdrop_path": read_optional_value,
    "vote_average": read_value,
    "vote_count": read_value,
    "popularity": read_value,
    "media_type": _media_type,
    "status": _status,
    "original_language": read_optional_value,
    "production_companies": _companies,
    "production_countries": _countries,
    "spoken_languages": _languages,
}
