"""Movies: cached reads, lists with totals and facets, and edits by staff."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias, TypedDict

from tortoise.exceptions import IntegrityError
from tortoise.expressions import RawSQL

from service import audit
from service.api.etags import lock_row
from service.api.pagination import Page, PageTokens, page_size
from service.auth.principal import UserId
from service.caching.page_cache import PageCache
from service.caching.response_cache import ResponseCache
from service.catalog.errors import ImdbIdTaken, MovieNotFound, TmdbIdTaken
from service.catalog.models import MediaType, Movie, MovieGenre, MovieStatus
from service.catalog.movies import counting, listing
from service.catalog.movies.counting import Facet, FacetCounts, Total
from service.catalog.movies.filters import MovieFilter
from service.catalog.service import (
    UNTOUCHED,
    Catalog,
    MovieDetail,
    MovieId,
    MovieParts,
    MovieResponse,
    ViewerState,
    ViewerStates,
    find_unknown_genres,
)
from service.database.orm import fetch, transaction, violated_constraint
from service.errors import DomainError, FieldsInvalid, FieldViolation, invalid_field
from service.media.removal import FileRemoval

FindViewerStates: TypeAlias = Callable[[UserId, Collection[MovieId]], Awaitable[ViewerStates]]
"""Returns the states of the movies that a user marked or rated."""


@dataclass(frozen=True, slots=True)
class MovieList:
    """A page of movies, with the total and the facets if they were requested."""

    page: Page[MovieId]
    total: Total | None
    facets: Sequence[FacetCounts]


class MovieChanges(TypedDict, total=False):
    """Fields of a movie to write; an absent field stays unchanged. None means unknown."""

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
    """US dollars with at most two decimals, as `revenue`."""
    revenue: Decimal | None
    director_id: int | None
    country_id: int | None
    genre_ids: Sequence[int]
    """Without duplicates."""
    poster_path: str | None
    backdrop_path: str | None
    vote_average: float
    vote_count: int
    popularity: float
    media_type: MediaType
    status: MovieStatus | None
    original_language: str | None
    production_companies: Sequence[Mapping[str, Any]]
    """In the form of The Movie Database, as the two lists below."""
    production_countries: Sequence[Mapping[str, Any]]
    spoken_languages: Sequence[Mapping[str, Any]]


class Movies:
    """The movies of the catalogue."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        responses: ResponseCache[MovieParts],
        pages: PageCache[Page[MovieId]],
        find_viewer_states: FindViewerStates,
        removal: FileRemoval,
        page_tokens: PageTokens,
    ) -> None:
        self._catalog = catalog
        self._responses = responses
        self._pages = pages
        self._find_viewer_states = find_viewer_states
        self._removal = removal
        self._page_tokens = page_tokens

    async def get_movie(self, movie_id: MovieId, *, caller: UserId | None) -> MovieResponse:
        """Returns a movie, with the caller's state unless the caller is anonymous; raises MovieNotFound."""
        parts = await self._responses.get(movie_id)
        if parts is None:
            raise MovieNotFound(movie_id)
        return MovieResponse(parts, None if caller is None else await self.get_viewer_state(movie_id, caller=caller))

    async def get_movie_id(self, *, tmdb_id: int | None = None, imdb_id: str | None = None) -> MovieId:
        """Returns the id of the movie with this id at TMDB or IMDb; raises MovieNotFound."""
        column, value = ("tmdb_id", tmdb_id) if tmdb_id is not None else ("imdb_id", imdb_id)
        rows = await fetch(f"SELECT id FROM movies WHERE {column} = $1", value)  # noqa: S608 - one of two columns
        if not rows:
            raise MovieNotFound(f"{column}={value}")
        return MovieId(rows[0]["id"])

    async def batch_get_movies(
        self, movie_ids: Collection[MovieId], *, caller: UserId | None
    ) -> dict[MovieId, MovieResponse]:
        """Returns the movies that exist, by id, with the caller's states unless the caller is anonymous.

        Runs at most two queries, for any number of movies.
        """
        found = await self._responses.get_many(movie_ids)
        if caller is None:
            return {MovieId(movie_id): MovieResponse(parts, None) for movie_id, parts in found.items()}
        states = await self._find_viewer_states(caller, [MovieId(movie_id) for movie_id in found]) if found else {}
        return {
            MovieId(movie_id): MovieResponse(parts, states.get(MovieId(movie_id), UNTOUCHED))
            for movie_id, parts in found.items()
        }

    async def get_viewer_state(self, movie_id: MovieId, *, caller: UserId) -> ViewerState:
        """Returns the state of a movie for a user."""
        return (await self._find_viewer_states(caller, [movie_id])).get(movie_id, UNTOUCHED)

    async def list_movies(
        self,
        filter_: MovieFilter,
        *,
        size: int,
        page_token: str,
        order_by: str,
        with_total: bool = False,
        facets: Sequence[Facet] = (),
    ) -> MovieList:
        """Returns a page of the ids of matching movies, in a published order; size 0 is the default.

        The total is exact up to 10,000. Raises FilterInvalid, OrderByInvalid, PageTokenInvalid.
        """
        limit = page_size(size)
        page = await self._pages.get(
            (filter_, limit, page_token, order_by),
            lambda: self._read_page(filter_, limit, page_token, order_by),
            # Pages are invalidated when movies change, not when ratings do.
            is_cacheable="rating" not in order_by and not filter_.reads_ratings,
        )
        return MovieList(
            page,
            await counting.count_movies(filter_.conditions) if with_total else None,
            [await counting.count_by(facet, filter_.conditions) for facet in facets],
        )

    async def _read_page(self, filter_: MovieFilter, limit: int, page_token: str, order_by: str) -> Page[MovieId]:
        order, conditions = listing.ORDERS.parse(order_by), filter_.conditions
        binding = ("ListMovies", order, *conditions)
        position = self._page_tokens.read(page_token, binding=binding)
        rows = await listing.list_ids(conditions, order, after=position, limit=limit + 1)
        page, more = rows[:limit], len(rows) > limit
        return Page(
            [MovieId(movie_id) for movie_id, _ in page],
            self._page_tokens.make(page[-1][1], binding=binding) if more else "",
        )

    async def create_movie(self, changes: MovieChanges, *, actor_id: UserId) -> MovieDetail:
        """Creates a movie with its genres.

        Raises TmdbIdTaken, ImdbIdTaken, and FieldsInvalid for a director, country or genre that does not exist.
        """
        async with _translated_violations(changes), transaction():
            movie = await Movie.create(**_columns(changes))
            movie_id = MovieId(movie.id)
            await _add_genres(movie_id, changes.get("genre_ids", ()))
            await audit.record(
                "movies.create", resource=f"movies/{movie_id}", actor_user_id=actor_id, title=movie.title
            )
            return await self._catalog.get_movie_detail(movie_id)

    async def update_movie(
        self, movie_id: MovieId, changes: MovieChanges, *, etag: str, actor_id: UserId
    ) -> MovieDetail:
        """Changes all given fields of a movie or none; without changes, its version stays the same.

        Raises MovieNotFound, EtagStale unless the etag is empty, and the errors of create_movie.
        """
        async with _translated_violations(changes), transaction():
            await _lock(movie_id, etag)
            if changes:
                # Writes a column in any case, so that a change of genres alone makes a new version, too.
                await Movie.filter(id=movie_id).update(updated_at=RawSQL("now()"), **_columns(changes))
                if "genre_ids" in changes:
                    await _replace_genres(movie_id, changes["genre_ids"])
                await audit.record(
                    "movies.update", resource=f"movies/{movie_id}", actor_user_id=actor_id, fields=sorted(changes)
                )
            return await self._catalog.get_movie_detail(movie_id)

    async def delete_movie(self, movie_id: MovieId, *, etag: str, actor_id: UserId) -> None:
        """Deletes a movie with its cast, favorites, watchlist items and ratings; the sweep deletes its images later.

        Raises MovieNotFound, EtagStale unless the etag is empty.
        """
        async with transaction():
            movie = await _lock(movie_id, etag, to_delete=True)
            await self._removal.discard_movie_images(movie_id)
            await Movie.filter(id=movie_id).delete()
            await audit.record(
                "movies.delete", resource=f"movies/{movie_id}", actor_user_id=actor_id, title=movie.title
            )


async def _lock(movie_id: MovieId, etag: str, *, to_delete: bool = False) -> Movie:
    movies = Movie.filter(id=movie_id).only("id", "title", "row_version")
    return await lock_row(movies, etag=etag, not_found=MovieNotFound(movie_id), to_delete=to_delete)


def _columns(changes: MovieChanges) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if name != "genre_ids"}


async def _replace_genres(movie_id: MovieId, genre_ids: Collection[int]) -> None:
    current: set[Any] = set(await MovieGenre.filter(movie_id=movie_id).values_list("genre_id", flat=True))
    removed = current.difference(genre_ids)
    if removed:
        await MovieGenre.filter(movie_id=movie_id, genre_id__in=removed).delete()
    await _add_genres(movie_id, [genre_id for genre_id in genre_ids if genre_id not in current])


async def _add_genres(movie_id: MovieId, genre_ids: Collection[int]) -> None:
    if genre_ids:
        # A concurrent import may add the same genre.
        await MovieGenre.bulk_create(
            [MovieGenre(movie_id=movie_id, genre_id=genre_id) for genre_id in genre_ids], ignore_conflicts=True
        )


@asynccontextmanager
async def _translated_violations(changes: MovieChanges) -> AsyncIterator[None]:
    """Raises the domain error of a violated constraint. Encloses the transaction, because it runs another query."""
    try:
        yield
    except IntegrityError as error:
        raise await _domain_error(violated_constraint(error), changes) or error from error


async def _domain_error(constraint: str, changes: MovieChanges) -> DomainError | None:
    match constraint:
        case "movies_tmdb_id_key":
            return TmdbIdTaken(changes["tmdb_id"])
        case "movies_imdb_id_key":
            return ImdbIdTaken(changes["imdb_id"])
        case "movies_director_id_fkey":
            return invalid_field("movie.director_id", "person.exists", f"no person {changes['director_id']}")
        case "movies_country_id_fkey":
            return invalid_field("movie.country_id", "country.exists", f"no country {changes['country_id']}")
        case "movie_genres_genre_id_fkey":
            return await _genres_not_found(changes["genre_ids"])
    return None


async def _genres_not_found(genre_ids: Collection[int]) -> FieldsInvalid:
    """Returns the error that names the genres that do not exist; names all if they exist by now."""
    unknown = await find_unknown_genres(genre_ids) or set(genre_ids)
    return FieldsInvalid(
        [
            FieldViolation(f"movie.genre_ids[{index}]", "genre.exists", f"no genre {genre_id}")
            for index, genre_id in enumerate(genre_ids)
            if genre_id in unknown
        ]
    )
