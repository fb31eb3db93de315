"""What users keep, as their personal data."""

from __future__ import annotations

from collections.abc import AsyncIterator

from service.auth.principal import UserId
from service.favorites.models import FavoriteMovie, MovieRating, WatchlistItem
from service.users.exports import Exported, ExportedFavorite, ExportedRating, ExportedWatchlistItem
from service.users.privacy import in_batches

KEPT = ("movie_id", "movie__title", "created_at")
RATED = ("movie_id", "movie__title", "rating", "review", "created_at", "updated_at")


class FavoritesData:
    """A user's favorites, watchlist and ratings."""

    tables = ("favorite_movies", "watchlist_items", "movie_ratings")

    async def export(self, user_id: UserId) -> AsyncIterator[Exported]:
        """Yields the favorites, the watchlist, the ratings."""
        async for row in in_batches(FavoriteMovie.filter(user_id=user_id), *KEPT):
            yield ExportedFavorite(*row)
        async for row in in_batches(WatchlistItem.filter(user_id=user_id), *KEPT):
            yield ExportedWatchlistItem(*row)
        async for row in in_batches(MovieRating.filter(user_id=user_id), *RATED):
            yield ExportedRating(*row)

    async def erase(self, user_id: UserId) -> None:
        """Removes all of them; a trigger takes the ratings out of their movies' figures."""
        for model in (FavoriteMovie, WatchlistItem, MovieRating):
            await model.filter(user_id=user_id).delete()
