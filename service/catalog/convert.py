"""Movies as messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marquee.catalog.v1 import movie_pb2

from service.catalog.models import Country, Movie, Person
from service.catalog.service import MovieDetail, MovieId, ViewerState, ViewerStates
from service.media.convert import to_image
from service.protobuf import timestamp, to_date, to_decimal

FULL = movie_pb2.MOVIE_VIEW_FULL
BASIC_DESCRIPTION = 300
"""Characters of the description in the basic view."""


def to_movie(
    detail: MovieDetail, viewer: ViewerStates | None, *, view: movie_pb2.MovieView.ValueType = FULL
) -> movie_pb2.Movie:
    """Returns the message of a movie, whole unless the view is BASIC; `viewer` is None for an anonymous caller."""
    message = _basic_movie(detail)
    if view != movie_pb2.MOVIE_VIEW_BASIC:
        _complete(message, detail.movie)
    if viewer is not None:
        state = viewer.get(MovieId(detail.movie.id), ViewerState())
        message.viewer.CopyFrom(
            movie_pb2.MovieViewer(
                is_favorite=state.is_favorite, in_watchlist=state.in_watchlist, my_rating=state.my_rating
            )
        )
    return message


def to_listed_movies(
    details: Iterable[MovieDetail], viewer: ViewerStates | None, *, view: movie_pb2.MovieView.ValueType
) -> list[movie_pb2.Movie]:
    """Returns the messages of several movies, basic unless the view is FULL."""
    chosen = view or movie_pb2.MOVIE_VIEW_BASIC
    return [to_movie(detail, viewer, view=chosen) for detail in details]


def _basic_movie(detail: MovieDetail) -> movie_pb2.Movie:
    movie = detail.movie
    message = movie_pb2.Movie(
        id=movie.id,
        tmdb_id=movie.tmdb_id or 0,
        imdb_id=movie.imdb_id or "",
        title=movie.title,
        original_title=movie.original_title or "",
        description=movie.description[:BASIC_DESCRIPTION],
        release_date=to_date(movie.release_date) if movie.release_date else None,
        duration=movie.duration or 0,
        director=_person(movie.director) if movie.director else None,
        director_id=movie.director_id or 0,
        country=_country(movie.country) if movie.country else None,
        country_id=movie.country_id or 0,
        genres=[movie_pb2.GenreSummary(id=genre.id, name=genre.name) for genre in detail.genres],
        genre_ids=[genre.id for genre in detail.genres],
        poster=to_image(detail.poster) if detail.poster else None,
        backdrop=to_image(detail.backdrop) if detail.backdrop else None,
        poster_path=movie.poster_path or "",
        backdrop_path=movie.backdrop_path or "",
        vote_average=movie.vote_average,
        vote_count=movie.vote_count,
        popularity=movie.popularity,
        media_type=movie_pb2.MediaType.Value(f"MEDIA_TYPE_{movie.media_type.name}"),
        original_language=movie.original_language or "",
        rating=movie_pb2.RatingSummary(count=detail.rating.count, average=detail.rating.average),
        etag=detail.etag,
        create_time=timestamp(movie.created_at),
        update_time=timestamp(movie.updated_at),
    )
    if movie.status is not None:
        message.status = movie_pb2.MovieStatus.Value(f"MOVIE_STATUS_{movie.status.name}")
    return message


def _complete(message: movie_pb2.Movie, movie: Movie) -> None:
    """Adds what the basic view leaves out."""
    message.description = movie.description
    message.tagline = movie.tagline
    if movie.budget is not None:
        message.budget.CopyFrom(to_decimal(movie.budget))
    if movie.revenue is not None:
        message.revenue.CopyFrom(to_decimal(movie.revenue))
    message.production_companies.extend(_company(company) for company in movie.production_companies)
    message.production_countries.extend(_coded(country, "iso_3166_1") for country in movie.production_countries)
    message.spoken_languages.extend(_coded(language, "iso_639_1") for language in movie.spoken_languages)


def _person(person: Person) -> movie_pb2.PersonSummary:
    return movie_pb2.PersonSummary(id=person.id, first_name=person.first_name, last_name=person.last_name)


def _country(country: Country) -> movie_pb2.CountrySummary:
    return movie_pb2.CountrySummary(id=country.id, name=country.name, iso_3166_1=country.iso_3166_1 or "")


def _company(company: dict[str, Any]) -> movie_pb2.ProductionCompany:
    return movie_pb2.ProductionCompany(name=company.get("name", ""), tmdb_id=company.get("id") or 0)


def _coded(entry: dict[str, Any], code: str) -> movie_pb2.CodedName:
    return movie_pb2.CodedName(code=entry.get(code, ""), name=entry.get("name", ""))
