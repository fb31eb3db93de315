"""The catalogue as other slices use it: movies by id with all that a reply carries, and what owns pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NewType

from service.catalog.errors import MovieNotFound, PersonNotFound
from service.catalog.models import Genre, Movie, MovieGenre, MovieStats, Person, PersonPhoto
from service.errors import NotFound
from service.etags import etag_of
from service.media.service import Media
from service.media.values import FileId, Image

MovieId = NewType("MovieId", int)


@dataclass(frozen=True, slots=True)
class NamedGenre:
    """A genre as a movie names it."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """What Marquee's own users make of a movie; the average is 0 while there are no ratings."""

    count: int
    average: float


NO_RATINGS = RatingSummary(0, 0.0)


@dataclass(frozen=True, slots=True)
class MovieDetail:
    """A movie with all that a reply carries, its director and country loaded."""

    movie: Movie
    genres: tuple[NamedGenre, ...]
    rating: RatingSummary
    poster: Image | None
    backdrop: Image | None

    @property
    def etag(self) -> str:
        """The version of the record."""
        return etag_of(self.movie)


@dataclass(frozen=True, slots=True)
class ViewerState:
    """What the caller did with a movie; no rating is 0."""

    is_favorite: bool = False
    in_watchlist: bool = False
    my_rating: int = 0


ViewerStates = Mapping[MovieId, ViewerState]
"""The states of those movies that the caller did anything with."""


class Catalog:
    """Movies and what belongs to them."""

    def __init__(self, *, media: Media) -> None:
        self._media = media

    async def get_movie(
        self, *, movie_id: MovieId | None = None, tmdb_id: int | None = None, imdb_id: str | None = None
    ) -> MovieDetail:
        """Returns the movie that the one id given names; raises MovieNotFound."""
        if movie_id is None:
            by_source = Movie.filter(tmdb_id=tmdb_id) if tmdb_id is not None else Movie.filter(imdb_id=imdb_id)
            found = await by_source.only("id").first()
            if found is None:
                raise MovieNotFound(f"tmdb_id={tmdb_id}" if tmdb_id is not None else f"imdb_id={imdb_id}")
            movie_id = MovieId(found.id)
        details = await self.get_movies([movie_id])
        if movie_id not in details:
            raise MovieNotFound(movie_id)
        return details[movie_id]

    async def get_movies(self, movie_ids: Collection[MovieId]) -> dict[MovieId, MovieDetail]:
        """Returns the movies that exist, by id, in a number of queries that does not depend on how many."""
        if not movie_ids:
            return {}
        ids = list(set(movie_ids))
        movies = await Movie.filter(id__in=ids).select_related("director", "country")
        genres = await _genres_of(ids)
        ratings = await _ratings_of(ids)
        pictured = {file_id for m in movies for file_id in (m.poster_id, m.backdrop_id) if file_id is not None}
        images = await self._media.get_images(pictured)
        return {
            MovieId(movie.id): MovieDetail(
                movie=movie,
                genres=tuple(genres[movie.id]),
                rating=ratings.get(movie.id, NO_RATINGS),
                poster=images.get(movie.poster_id or 0),
                backdrop=images.get(movie.backdrop_id or 0),
            )
            for movie in movies
        }


async def _genres_of(movie_ids: list[MovieId]) -> dict[int, list[NamedGenre]]:
    rows = (
        await MovieGenre.filter(movie_id__in=movie_ids)
        .order_by("genre__name")
        .values_list("movie_id", "genre_id", "genre__name")
    )
    genres: dict[int, list[NamedGenre]] = defaultdict(list)
    for movie_id, genre_id, name in rows:
        genres[movie_id].append(NamedGenre(genre_id, name))
    return genres


async def _ratings_of(movie_ids: list[MovieId]) -> dict[int, RatingSummary]:
    rows = await MovieStats.filter(movie_id__in=movie_ids, rating_count__gt=0).values_list(
        "movie_id", "rating_count", "rating_sum"
    )
    return {movie_id: RatingSummary(count, total / count) for movie_id, count, total in rows}


class PosterOwner:
    """Movies as the owners of posters."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for a movie that does not exist."""
        return MovieNotFound(owner_id)

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Makes the file the movie's poster."""
        await Movie.filter(id=owner_id).update(poster_id=file_id)


class BackdropOwner:
    """Movies as the owners of backdrops."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for a movie that does not exist."""
        return MovieNotFound(owner_id)

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Makes the file the movie's backdrop."""
        await Movie.filter(id=owner_id).update(backdrop_id=file_id)


class PersonPhotoOwner:
    """People as the owners of photos."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for a person that does not exist."""
        return PersonNotFound(owner_id)

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Adds the file to the person's photos, the first as their primary one.

        The person's row is locked, so that two first photos do not both become primary.
        """
        person = await Person.filter(id=owner_id).select_for_update().first()
        if person is not None and not await PersonPhoto.exists(person_id=owner_id, file_id=file_id):
            is_first = not await PersonPhoto.exists(person_id=owner_id, is_primary=True)
            await PersonPhoto.create(person_id=owner_id, file_id=file_id, is_primary=is_first)


async def find_unknown_genres(genre_ids: Collection[int]) -> set[int]:
    """Returns those of some ids that no genre has."""
    known = await Genre.filter(id__in=genre_ids).values_list("id", flat=True)
    return set(genre_ids).difference(known)
