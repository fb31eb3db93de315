"""Favorites, watchlists and ratings as personal data."""

from __future__ import annotations

from collections.abc import AsyncIterator

from service.auth.principal import UserId
from service.catalog.service import MovieId
from service.database.orm import connection
from service.favorites.models import FavoriteMovie, MovieRating, UserActivity, WatchlistItem
from service.favorites.ratings import Announce
from service.users.exports import Exported, ExportedFavorite, ExportedRating, ExportedWatchlistItem
from service.users.privacy import in_batches

LISTED = ("movie_id", "movie__title", "created_at")
RATED = ("movie_id", "movie__title", "rating", "review", "created_at", "updated_at")
# One statement, so that all rows are locked before their triggers lock rows that other transactions reach through them.
ERASE = """
WITH favorites AS (DELETE FROM favorite_movies WHERE user_id = $1),
watchlist AS (DELETE FROM watchlist_items WHERE user_id = $1),
ratings AS (DELETE FROM movie_ratings WHERE user_id = $1 RETURNING movie_id)
SELECT movie_id FROM ratings
"""


class FavoritesData:
    """A user's favorites, watchlist and ratings, with their versions."""

    tables = ("favorite_movies", "watchlist_items", "movie_ratings", "user_activities")

    def __init__(self, *, announce: Announce) -> None:
        self._announce = announce

    async def export(self, user_id: UserId) -> AsyncIterator[Exported]:
        """Yields the favorites, the watchlist, the ratings."""
        async for row in in_batches(FavoriteMovie.filter(user_id=user_id), *LISTED):
            yield ExportedFavorite(*row)
        async for row in in_batches(WatchlistItem.filter(user_id=user_id), *LISTED):
            yield ExportedWatchlistItem(*row)
        async for row in in_batches(MovieRating.filter(user_id=user_id), *RATED):
            yield ExportedRating(*row)

    async def erase(self, user_id: UserId) -> None:
        """Deletes all of them; a trigger subtracts the ratings from the totals of their movies."""
        _, rows = await connection().execute_query(ERASE, [user_id])
        await UserActivity.filter(user_id=user_id).delete()
        if rows:
            await self._announce([MovieId(row["movie_id"]) for row in rows])
