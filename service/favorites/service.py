"""Favorites and watchlists: each user's own."""

from __future__ import annotations

from collections.abc import Sequence

from service.api.pagination import Page
from service.auth.principal import UserId
from service.catalog.service import MovieId
from service.database.orm import fetch
from service.favorites.list_kinds import Keeping, ensure_all_kept, ensure_kept, remove_kept
from service.favorites.listing import FAVORITES, WATCHLIST, ListFilter
from service.favorites.values import Activities, Activity, AddResult, KeptMovie
from service.favorites.versioned_pages import OwnPages

ACTIVITIES = """
SELECT favorites_version, favorites_changed_at, watchlist_version, watchlist_changed_at, ratings_version,
    ratings_changed_at
FROM user_activities WHERE user_id = $1
"""


class Favorites:
    """What users keep without a judgement."""

    def __init__(self, *, pages: OwnPages) -> None:
        self._pages = pages

    async def add_favorite(self, user_id: UserId, movie_id: MovieId) -> KeptMovie:
        """Adds a movie to a user's favorites; a repeat returns the first row. Raises MovieNotFound, AccountGone."""
        return await ensure_kept(Keeping.FAVORITES, user_id, movie_id)

    async def batch_add_favorites(self, user_id: UserId, movie_ids: Sequence[MovieId]) -> list[AddResult]:
        """Adds movies to a user's favorites and tells of each what became of it. Raises AccountGone."""
        return await ensure_all_kept(Keeping.FAVORITES, user_id, movie_ids)

    async def remove_favorite(self, user_id: UserId, movie_id: MovieId) -> None:
        """Removes a movie from a user's favorites; no error when it is not there."""
        await remove_kept(Keeping.FAVORITES, user_id, movie_id)

    async def list_favorites(
        self, user_id: UserId, wanted: ListFilter, *, size: int, page_token: str, order_by: str
    ) -> Page[KeptMovie]:
        """Returns a page of a user's favorites, in a published order; size 0 is the default.

        Raises OrderByInvalid, PageTokenInvalid.
        """
        return await self._pages.get(FAVORITES, user_id, wanted, size=size, page_token=page_token, order_by=order_by)

    async def add_to_watchlist(self, user_id: UserId, movie_id: MovieId) -> KeptMovie:
        """Puts a movie on a user's watchlist; a repeat returns the first row. Raises MovieNotFound, AccountGone."""
        return await ensure_kept(Keeping.WATCHLIST, user_id, movie_id)

    async def batch_add_to_watchlist(self, user_id: UserId, movie_ids: Sequence[MovieId]) -> list[AddResult]:
        """Puts movies on a user's watchlist and tells of each what became of it. Raises AccountGone."""
        return await ensure_all_kept(Keeping.WATCHLIST, user_id, movie_ids)

    async def remove_from_watchlist(self, user_id: UserId, movie_id: MovieId) -> None:
        """Takes a movie off a user's watchlist; no error when it is not there."""
        await remove_kept(Keeping.WATCHLIST, user_id, movie_id)

    async def list_watchlist(
        self, user_id: UserId, wanted: ListFilter, *, size: int, page_token: str, order_by: str
    ) -> Page[KeptMovie]:
        """Returns a page of a user's watchlist, in a published order; size 0 is the default.

        Raises OrderByInvalid, PageTokenInvalid.
        """
        return await self._pages.get(WATCHLIST, user_id, wanted, size=size, page_token=page_token, order_by=order_by)

    async def get_last_activities(self, user_id: UserId) -> Activities:
        """Returns where each of a user's lists stands: a version that rises with every change, removals included."""
        rows = await fetch(ACTIVITIES, user_id)
        if not rows:
            return Activities()
        kinds = ("favorites", "watchlist", "ratings")
        return Activities(*(Activity(rows[0][f"{kind}_version"], rows[0][f"{kind}_changed_at"]) for kind in kinds))
