"""The catalogue for other domains: movies by id, and the owners of posters, backdrops and photos."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NewType, cast

from service.catalog.errors import MovieNotFound, PersonNotFound
from service.catalog.models import Genre, Movie, Person, PersonPhoto
from service.database.orm import fetch
from service.errors import NotFound
from service.media.image_sql import image_sql
from service.media.service import Media
from service.media.values import FileId, Image

MovieId = NewType("MovieId", int)


@dataclass(frozen=True, slots=True)
class NamedGenre:
    """A genre of a movie."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Titles:
    """The titles of a movie."""

    title: str
    original_title: str | None


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """Ratings of a movie by Marquee's own users; the average is 0 without ratings."""

    count: int
    average: float


@dataclass(frozen=True, slots=True)
class MovieDetail:
    """A movie with all data of a response."""

    columns: Mapping[str, Any]
    """Columns of the movie, and the names of its director and its country."""
    genres: tuple[NamedGenre, ...]
    rating: RatingSummary
    poster: Image | None
    backdrop: Image | None

    @property
    def id(self) -> MovieId:
        """Id of the movie."""
        return MovieId(self.columns["id"])

    @property
    def row_version(self) -> int:
        """Version of the row, for its etag."""
        return cast("int", self.columns["row_version"])


class ViewerState(NamedTuple):
    """State of a movie for the caller; `my_rating` is 0 without a rating."""

    # Created for every row of a page, and hashed as a cache key: a tuple takes less than half the time of a dataclass.
    is_favorite: bool = False
    in_watchlist: bool = False
    my_rating: int = 0


class MovieParts(NamedTuple):
    """A serialized Movie in parts. The parts of a view are concatenated, which protobuf reads as one message."""

    shared: bytes
    """Fields of both views."""
    basic: bytes
    """Fields that only the basic view has."""
    full: bytes
    """Fields that only the full view has."""


class MovieResponse(NamedTuple):
    """A movie in serialized parts, with the caller's state; None for anonymous callers."""

    parts: MovieParts
    viewer: ViewerState | None


UNTOUCHED = ViewerState()
ViewerStates = Mapping[MovieId, ViewerState]
"""States of the movies that the caller marked or rated, by id."""
# One query for everything: a round trip takes longer than the subqueries.
MOVIES = f"""
SELECT m.id, m.tmdb_id, m.imdb_id, m.title, m.original_title, m.description, m.tagline, m.budget, m.revenue,
    m.release_date, m.duration, m.director_id, m.country_id, m.poster_path, m.backdrop_path, m.vote_average,
    m.vote_count, m.popularity, m.media_type, m.status, m.original_language, m.production_companies::text,
    m.production_countries::text, m.spoken_languages::text, m.row_version, m.created_at, m.updated_at,
    d.first_name AS director_first_name, d.last_name AS director_last_name,
    c.name AS country_name, c.iso_3166_1 AS country_code, s.rating_count, s.rating_sum,
    array(SELECT g.id FROM movie_genres AS b JOIN genres AS g ON g.id = b.genre_id
        WHERE b.movie_id = m.id ORDER BY g.name) AS genre_ids,
    array(SELECT g.name FROM movie_genres AS b JOIN genres AS g ON g.id = b.genre_id
        WHERE b.movie_id = m.id ORDER BY g.name) AS genre_names,
    {image_sql("m.poster_id")} AS poster, {image_sql("m.backdrop_id")} AS backdrop
FROM movies AS m
LEFT JOIN persons AS d ON d.id = m.director_id
LEFT JOIN countries AS c ON c.id = m.country_id
LEFT JOIN movie_stats AS s ON s.movie_id = m.id
WHERE m.id = ANY ($1)
"""  # noqa: S608 - constants


class Catalog:
    """Reads of movies."""

    def __init__(self, *, media: Media) -> None:
        self._media = media

    async def get_movie_detail(self, movie_id: MovieId) -> MovieDetail:
        """Returns a movie; raises MovieNotFound."""
        details = await self.get_movie_details([movie_id])
        if movie_id not in details:
            raise MovieNotFound(movie_id)
        return details[movie_id]

    async def get_movie_details(self, movie_ids: Collection[int]) -> dict[MovieId, MovieDetail]:
        """Returns the movies that exist, by id, in one query."""
        if not movie_ids:
            return {}
        rows = await fetch(MOVIES, list(set(movie_ids)))
        return {MovieId(row["id"]): self._detail(row) for row in rows}

    async def get_titles(self, movie_ids: Collection[int]) -> dict[int, Titles]:
        """Returns the titles of the movies that exist, by id."""
        rows = await Movie.filter(id__in=movie_ids).values_list("id", "title", "original_title") if movie_ids else []
        return {movie_id: Titles(title, original_title) for movie_id, title, original_title in rows}

    def _detail(self, row: Mapping[str, Any]) -> MovieDetail:
        count = row["rating_count"] or 0
        return MovieDetail(
            columns=row,
            genres=tuple(map(NamedGenre, row["genre_ids"], row["genre_names"])),
            rating=RatingSummary(count, row["rating_sum"] / count if count else 0.0),
            poster=self._media.image_from(row["poster"]),
            backdrop=self._media.image_from(row["backdrop"]),
        )


class PosterOwner:
    """Movies as owners of posters."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for a movie that does not exist."""
        return MovieNotFound(owner_id)

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Makes the file the movie's poster."""
        await Movie.filter(id=owner_id).update(poster_id=file_id)

    async def detach(self, file_id: FileId) -> None:
        """Removes the file as the poster of its movie."""
        await Movie.filter(poster_id=file_id).update(poster_id=None)


class BackdropOwner:
    """Movies as owners of backdrops."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for a movie that does not exist."""
        return MovieNotFound(owner_id)

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Makes the file the movie's backdrop."""
        await Movie.filter(id=owner_id).update(backdrop_id=file_id)

    async def detach(self, file_id: FileId) -> None:
        """Removes the file as the backdrop of its movie."""
        await Movie.filter(backdrop_id=file_id).update(backdrop_id=None)


class PersonPhotoOwner:
    """People as owners of photos."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for a person that does not exist."""
        return PersonNotFound(owner_id)

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Adds the file to the person's photos; the first photo becomes the primary photo.

        Locks the person, so that only one of two concurrent first photos becomes primary.
        """
        person = await Person.filter(id=owner_id).select_for_update().first()
        if person is not None and not await PersonPhoto.exists(person_id=owner_id, file_id=file_id):
            is_first = not await PersonPhoto.exists(person_id=owner_id, is_primary=True)
            await PersonPhoto.create(person_id=owner_id, file_id=file_id, is_primary=is_first)

    async def detach(self, file_id: FileId) -> None:
        """Removes the photo. If it was the primary photo, the oldest other photo becomes primary."""
        person_ids = await PersonPhoto.filter(file_id=file_id).values_list("person_id", flat=True)
        for person in await Person.filter(id__in=person_ids).order_by("id").select_for_update(no_key=True):
            await PersonPhoto.filter(person_id=person.id, file_id=file_id).delete()
            await ensure_primary_photo(person.id)


async def ensure_primary_photo(person_id: int) -> None:
    """Makes the oldest photo primary if none is. The caller must have locked the person in this transaction."""
    photos = PersonPhoto.filter(person_id=person_id)
    oldest = await photos.order_by("-is_primary", "created_at", "id").first()
    if oldest is not None and not oldest.is_primary:
        await PersonPhoto.filter(id=oldest.id).update(is_primary=True)


async def find_unknown_genres(genre_ids: Collection[int]) -> set[int]:
    """Returns the ids that no genre has."""
    known = await Genre.filter(id__in=genre_ids).values_list("id", flat=True)
    return set(genre_ids).difference(known)
