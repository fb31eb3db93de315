"""Favorites and watchlists: each user's own, and what a user did with given movies."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from service.auth.principal import UserId
from service.catalog.service import MovieId, ViewerState
from service.db import fetch
from service.favorites import listing
from service.favorites.keeping import Keeping, ensure_all_kept, ensure_kept, remove_kept
from service.favorites.listing import Listed, ListFilter
from service.favorites.states import state_of
from service.favorites.values import Activities, Activity, AddResult, KeptMovie
from service.pagination import Page, PageTokens

# One statement for the three: every reply with movies to a known caller waits for it.
STATES = """
SELECT movie_id, true AS is_favorite, false AS in_watchlist, 0 AS rating FROM favorite_movies
WHERE user_id = $1 AND movie_id = ANY ($2::int[])
UNION ALL SELECT movie_id, false, true, 0 FROM watchlist_items WHERE user_id = $1 AND movie_id = ANY ($2::int[])
UNION ALL SELECT movie_id, false, false, rating FROM movie_ratings WHERE user_id = $1 AND movie_id = ANY ($2::int[])
"""
ACTIVITIES = """
SELECT favorites_version, favorites_changed_at, watchlist_version, watchlist_changed_at, ratings_version,
    ratings_changed_at
FROM user_activities WHERE user_id = $1
"""


class Favorites:
    """What users keep without a judgement."""

    def __init__(self, *, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

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
        return await self._list(listing.FAVORITES, user_id, wanted, size, page_token, order_by)

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
        return await self._list(listing.WATCHLIST, user_id, wanted, size, page_token, order_by)

    async def get_last_activities(self, user_id: UserId) -> Activities:
        """Returns where each of a user's lists stands: a version that rises with every change, removals included."""
        rows = await fetch(ACTIVITIES, user_id)
        if not rows:
            return Activities()
        kinds = ("favorites", "watchlist", "ratings")
        return Activities(*(Activity(rows[0][f"{kind}_version"], rows[0][f"{kind}_changed_at"]) for kind in kinds))

    async def _list(
        self, listed: Listed, user_id: UserId, wanted: ListFilter, size: int, page_token: str, order_by: str
    ) -> Page[KeptMovie]:
        rows, token = await listing.list_rows(
            listed, user_id, wanted, size=size, page_token=page_token, order_by=order_by, tokens=self._page_tokens
        )
        return Page([KeptMovie(row["movie_id"], row["created_at"], state_of(row)) for row in rows], token)


async def find_viewer_states(user_id: UserId, movie_ids: Collection[MovieId]) -> dict[MovieId, ViewerState]:
    """Returns what a user did with those of the movies that they did anything with, by one query."""
    states: dict[MovieId, ViewerState] = {}
    rows = await fetch(STATES, user_id, list(movie_ids))
    for row in rows:
        movie_id = MovieId(row["movie_id"])
        known = states.get(movie_id, ViewerState())
        states[movie_id] = ViewerState(
            known.is_favorite or row["is_favorite"],
            known.in_watchlist or row["in_watchlist"],
            known.my_rating or row["rating"],
        )
    return states
