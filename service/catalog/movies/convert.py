"""What staff write of a movie, out of its message."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

from marquee.catalog.v1 import movie_pb2, movies_pb2

from service.api.protobuf import from_date, from_money, masked_fields
from service.catalog.models import MediaType, MovieStatus
from service.catalog.movies.values import MovieChanges
from service.catalog.written_fields import Readers, known, known_text, path_of, read_fields, required_text, text


def new_movie_from(request: movies_pb2.CreateMovieRequest) -> MovieChanges:
    """Returns a whole movie; raises FieldsInvalid, naming every bad field."""
    return cast("MovieChanges", read_fields(request.movie, MOVIE_FIELDS, MOVIE_FIELDS))


def movie_changes_from(request: movies_pb2.UpdateMovieRequest) -> MovieChanges:
    """Returns what staff want changed; raises FieldsInvalid for a mask that is none and for every bad field."""
    names = masked_fields(request.movie, request.update_mask, allowed=MOVIE_FIELDS, populated=True)
    return cast("MovieChanges", read_fields(request.movie, names, MOVIE_FIELDS))


def _as_it_is(movie: Any, name: str) -> Any:
    return getattr(movie, name)


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


MOVIE_FIELDS: Readers = {
    "tmdb_id": known,
    "imdb_id": known,
    "title": required_text,
    "original_title": known_text,
    "description": text,
    "tagline": text,
    "release_date": _date,
    "duration": known,
    "budget": _money,
    "revenue": _money,
    "director_id": known,
    "country_id": known,
    "genre_ids": _genre_ids,
    "poster_path": known,
    "backdrop_path": known,
    "vote_average": _as_it_is,
    "vote_count": _as_it_is,
    "popularity": _as_it_is,
    "media_type": _media_type,
    "status": _status,
    "original_language": known,
    "production_companies": _companies,
    "production_countries": _countries,
    "spoken_languages": _languages,
}
