"""Favorites: each user's own list, and what a user did with given movies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from tortoise.exceptions import IntegrityError

from service.auth.principal import AccountGone, UserId
from service.catalog.service import Catalog, MovieDetail, MovieId, ViewerState
from service.db import connection, violated_constraint
from service.favorites.errors import MovieNotFound
from service.favorites.models import FavoriteMovie, MovieRating, WatchlistItem
from service.pagination import Page, PageTokens, page_size


@dataclass(frozen=True, slots=True)
class Favorite:
    """A movie among a user's favorites."""

    movie: MovieDetail
    created_at: datetime


class Favorites:
    """What users keep."""

    def __init__(self, *, catalog: Catalog, page_tokens: PageTokens) -> None:
        self._catalog = catalog
        self._page_tokens = page_tokens

    async def add_favorite(self, user_id: UserId, movie_id: MovieId) -> Favorite:
        """Adds a movie to a user's favorites; a repeat returns the first row. Raises MovieNotFound, AccountGone."""
        try:
            created_at = await _ensure_row(user_id, movie_id)
        except IntegrityError as error:
            if "user_id" in violated_constraint(error):
                raise AccountGone from error
            raise MovieNotFound(movie_id) from error
        movie = await self._catalog.get_movie(movie_id=movie_id)
        return Favorite(movie, created_at)

    async def remove_favorite(self, user_id: UserId, movie_id: MovieId) -> None:
        """Removes a movie from a user's favorites; no error when it is not there."""
        await FavoriteMovie.filter(user_id=user_id, movie_id=movie_id).delete()

    async def list_favorites(self, user_id: UserId, *, size: int, page_token: str) -> Page[Favorite]:
        """Returns a page of a user's favorites, the newest first; size 0 is the default.

        Raises PageTokenInvalid.
        """
        limit = page_size(size)
        binding = ("ListFavorites", user_id)
        position = self._page_tokens.read(page_token, binding=binding)
        query = FavoriteMovie.filter(user_id=user_id)
        if position is not None:
            query = query.filter(id__lt=position[0])
        rows = await query.order_by("-id").limit(limit + 1)
        page, more = rows[:limit], len(rows) > limit
        details = await self._catalog.get_movies([MovieId(row.movie_id) for row in page])
        return Page(
            [Favorite(details[MovieId(row.movie_id)], row.created_at) for row in page if row.movie_id in details],
            self._page_tokens.make([page[-1].id], binding=binding) if more else "",
        )


async def _ensure_row(user_id: UserId, movie_id: MovieId) -> datetime:
    """Makes the row unless it is there, and returns when it was made."""
    while True:
        rows = await connection().execute_query_dict(
            "WITH added AS (INSERT INTO favorite_movies (user_id, movie_id) VALUES ($1, $2)"
            " ON CONFLICT DO NOTHING RETURNING created_at)"
            " SELECT created_at FROM added"
            " UNION ALL SELECT created_at FROM favorite_movies WHERE user_id = $1 AND movie_id = $2",
            [user_id, movie_id],
        )
        if rows:
            return cast("datetime", rows[0]["created_at"])
        # A concurrent call made the row after this statement began: the next one sees it, or makes it anew.


async def find_viewer_states(user_id: UserId, movie_ids: Collection[MovieId]) -> dict[MovieId, ViewerState]:
    """Returns what a user did with those of the movies that they did anything with: one query a table."""
    asked = {"user_id": user_id, "movie_id__in": list(movie_ids)}
    favorites: set[Any] = set(await FavoriteMovie.filter(**asked).values_list("movie_id", flat=True))
    watchlist: set[Any] = set(await WatchlistItem.filter(**asked).values_list("movie_id", flat=True))
    ratings = dict(await MovieRating.filter(**asked).values_list("movie_id", "rating"))
    return {
        MovieId(movie_id): ViewerState(movie_id in favorites, movie_id in watchlist, ratings.get(movie_id, 0))
        for movie_id in favorites | watchlist | ratings.keys()
    }
