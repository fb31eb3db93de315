"""Messages of movies, serialized in parts: the fields of all views, of the basic view, and of the full view."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

from marquee.catalog.v1 import movie_pb2

from service.api.etags import etag_of
from service.api.protobuf import timestamp, to_date, to_decimal, wrap_serialized
from service.catalog.service import MovieDetail, MovieId, MovieParts, MovieResponse, ViewerState
from service.media.convert import to_image

FULL = movie_pb2.MOVIE_VIEW_FULL
BASIC = movie_pb2.MOVIE_VIEW_BASIC
View: TypeAlias = movie_pb2.MovieView.ValueType
BASIC_DESCRIPTION = 300
"""Length of the description in the basic view, in characters."""
_STATUS = {name.removeprefix("MOVIE_STATUS_").lower(): number for name, number in movie_pb2.MovieStatus.items()}
_STATUS[""] = movie_pb2.MOVIE_STATUS_UNSPECIFIED
_MEDIA_TYPE = {name.removeprefix("MEDIA_TYPE_").lower(): number for name, number in movie_pb2.MediaType.items()}


def to_parts(detail: MovieDetail) -> MovieParts:
    """Returns the serialized parts of a movie."""
    description = detail.columns["description"]
    basic = movie_pb2.Movie(description=description[:BASIC_DESCRIPTION])
    return MovieParts(
        shared=_shared(detail).SerializeToString(),
        basic=basic.SerializeToString(),
        full=_only_full(detail).SerializeToString(),
    )


def serialize_movie(movie: MovieResponse, *, view: View) -> bytes:
    """Returns a serialized Movie; every view but BASIC is FULL."""
    (shared, basic, full), viewer = movie
    serialized = shared + (basic if view == BASIC else full)
    return serialized if viewer is None else serialized + viewer_part(viewer)


def serialize_movies(movies: Mapping[MovieId, MovieResponse], *, view: View) -> dict[MovieId, bytes]:
    """Returns serialized Movies by id."""
    return {movie_id: serialize_movie(movie, view=view) for movie_id, movie in movies.items()}


def to_movie(detail: MovieDetail, *, viewer: ViewerState) -> movie_pb2.Movie:
    """Returns the full message of a movie."""
    return movie_pb2.Movie.FromString(serialize_movie(MovieResponse(to_parts(detail), viewer), view=FULL))


@cache
def viewer_part(state: ViewerState) -> bytes:
    """Returns the serialized part of a Movie with the caller's state."""
    viewer = movie_pb2.MovieViewer(
        is_favorite=state.is_favorite, in_watchlist=state.in_watchlist, my_rating=state.my_rating
    )
    return wrap_serialized(movie_pb2.Movie, "viewer", viewer.SerializeToString())


def _shared(detail: MovieDetail) -> movie_pb2.Movie:
    columns = detail.columns
    return movie_pb2.Movie(
        id=columns["id"],
        tmdb_id=columns["tmdb_id"],
        imdb_id=columns["imdb_id"],
        title=columns["title"],
        original_title=columns["original_title"],
        release_date=to_date(columns["release_date"]) if columns["release_date"] else None,
        duration=columns["duration"],
        director=_director(columns),
        director_id=columns["director_id"],
        country=_country(columns),
        country_id=columns["country_id"],
        genres=[movie_pb2.GenreSummary(id=genre.id, name=genre.name) for genre in detail.genres],
        genre_ids=[genre.id for genre in detail.genres],
        poster=to_image(detail.poster) if detail.poster else None,
        backdrop=to_image(detail.backdrop) if detail.backdrop else None,
        poster_path=columns["poster_path"],
        backdrop_path=columns["backdrop_path"],
        vote_average=columns["vote_average"],
        vote_count=columns["vote_count"],
        popularity=columns["popularity"],
        media_type=_MEDIA_TYPE[columns["media_type"]],
        status=_STATUS[columns["status"] or ""],
        original_language=columns["original_language"],
        rating=movie_pb2.RatingSummary(count=detail.rating.count, average=detail.rating.average),
        etag=etag_of(detail),
        create_time=timestamp(columns["created_at"]),
        update_time=timestamp(columns["updated_at"]),
    )


def _only_full(detail: MovieDetail) -> movie_pb2.Movie:
    columns = detail.columns
    return movie_pb2.Movie(
        description=columns["description"],
        tagline=columns["tagline"],
        budget=to_decimal(columns["budget"]) if columns["budget"] is not None else None,
        revenue=to_decimal(columns["revenue"]) if columns["revenue"] is not None else None,
        production_companies=[
            movie_pb2.ProductionCompany(name=company.get("name", ""), tmdb_id=company.get("id"))
            for company in json.loads(columns["production_companies"])
        ],
        production_countries=_coded(columns["production_countries"], "iso_3166_1"),
        spoken_languages=_coded(columns["spoken_languages"], "iso_639_1"),
    )


def _director(columns: Any) -> movie_pb2.PersonSummary | None:
    if columns["director_id"] is None:
        return None
    return movie_pb2.PersonSummary(
        id=columns["director_id"],
        first_name=columns["director_first_name"],
        last_name=columns["director_last_name"],
    )


def _country(columns: Any) -> movie_pb2.CountrySummary | None:
    if columns["country_id"] is None:
        return None
    return movie_pb2.CountrySummary(
        id=columns["country_id"], name=columns["country_name"], iso_3166_1=columns["country_code"]
    )


def _coded(entries: str, code: str) -> list[movie_pb2.CodedName]:
    return [movie_pb2.CodedName(code=entry.get(code, ""), name=entry.get("name", "")) for entry in json.loads(entries)]
