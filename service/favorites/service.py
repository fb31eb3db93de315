"""Favorites and watchlists: two tables of one shape, each written by one statement."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

from tortoise.exceptions import IntegrityError

from service.api.pagination import Page
from service.auth.principal import AccountGone, UserId
from service.catalog.service import MovieId
from service.database.orm import fetch, violated_constraint
from service.favorites.errors import MovieNotFound
from service.favorites.interactions import STATE_COLUMNS, state_from
from service.favorites.listing import FAVORITES, WATCHLIST, ListFilter
from service.favorites.page_cache import VersionedPageCache
from service.favorites.values import Activities, Activity, AddOutcome, AddResult, ListedMovie


class ListKind(enum.StrEnum):
    """Lists of movies; the value is the table."""

    FAVORITES = "favorite_movies"
    WATCHLIST = "watchlist_items"


ADD = """
WITH added AS (INSERT INTO {table} (user_id, movie_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING created_at),
present AS (
    SELECT created_at FROM added
    UNION ALL SELECT created_at FROM {table} WHERE user_id = $1 AND movie_id = $2
)
SELECT l.created_at, {state} FROM (SELECT $1::int AS user_id, $2::int AS movie_id, created_at FROM present) AS l
"""
# The lock keeps each movie until its row exists. Rows are inserted in the order of ids, so that two batches cannot
# deadlock.
ADD_ALL = """
WITH existing AS MATERIALIZED (SELECT id FROM movies WHERE id = ANY ($2::int[]) ORDER BY id FOR KEY SHARE),
added AS (
    INSERT INTO {table} (user_id, movie_id) SELECT $1, id FROM existing ORDER BY id
    ON CONFLICT DO NOTHING RETURNING movie_id, created_at
)
SELECT e.id, a.movie_id IS NOT NULL AS is_new, coalesce(a.created_at, k.created_at) AS created_at
FROM existing AS e LEFT JOIN added AS a ON a.movie_id = e.id
LEFT JOIN {table} AS k ON k.user_id = $1 AND k.movie_id = e.id
"""
ADD_TO = {kind: ADD.format(table=kind.value, state=STATE_COLUMNS[kind.value]) for kind in ListKind}
ADD_ALL_TO = {kind: ADD_ALL.format(table=kind.value) for kind in ListKind}
REMOVE_FROM = {kind: f"DELETE FROM {kind.value} WHERE user_id = $1 AND movie_id = $2" for kind in ListKind}  # noqa: S608 - constants
ACTIVITIES = """
SELECT favorites_version, favorites_changed_at, watchlist_version, watchlist_changed_at, ratings_version,
    ratings_changed_at
FROM user_activities WHERE user_id = $1
"""


class Favorites:
    """The favorites and watchlists of users."""

    def __init__(self, *, pages: VersionedPageCache) -> None:
        self._pages = pages

    async def add_favorite(self, user_id: UserId, movie_id: MovieId) -> ListedMovie:
        """Adds a movie to a user's favorites; a repeat returns the first row. Raises MovieNotFound, AccountGone."""
        return await _add(ListKind.FAVORITES, user_id, movie_id)

    async def batch_add_favorites(self, user_id: UserId, movie_ids: Sequence[MovieId]) -> list[AddResult]:
        """Adds movies to a user's favorites; returns one result per id, in the same order. Raises AccountGone."""
        return await _add_all(ListKind.FAVORITES, user_id, movie_ids)

    async def remove_favorite(self, user_id: UserId, movie_id: MovieId) -> None:
        """Removes a movie from a user's favorites; no error if it is not there."""
        await fetch(REMOVE_FROM[ListKind.FAVORITES], user_id, movie_id)

    async def list_favorites(
        self, user_id: UserId, wanted: ListFilter, *, size: int, page_token: str, order_by: str
    ) -> Page[ListedMovie]:
        """Returns a page of a user's favorites, in a published order; size 0 is the default.

        Raises OrderByInvalid, PageTokenInvalid.
        """
        return await self._pages.get(FAVORITES, user_id, wanted, size=size, page_token=page_token, order_by=order_by)

    async def add_to_watchlist(self, user_id: UserId, movie_id: MovieId) -> ListedMovie:
        """Adds a movie to a user's watchlist; a repeat returns the first row. Raises MovieNotFound, AccountGone."""
        return await _add(ListKind.WATCHLIST, user_id, movie_id)

    async def batch_add_to_watchlist(self, user_id: UserId, movie_ids: Sequence[MovieId]) -> list[AddResult]:
        """Adds movies to a user's watchlist; returns one result per id, in the same order. Raises AccountGone."""
        return await _add_all(ListKind.WATCHLIST, user_id, movie_ids)

    async def remove_from_watchlist(self, user_id: UserId, movie_id: MovieId) -> None:
        """Removes a movie from a user's watchlist; no error if it is not there."""
        await fetch(REMOVE_FROM[ListKind.WATCHLIST], user_id, movie_id)

    async def list_watchlist(
        self, user_id: UserId, wanted: ListFilter, *, size: int, page_token: str, order_by: str
    ) -> Page[ListedMovie]:
        """Returns a page of a user's watchlist, in a published order; size 0 is the default.

        Raises OrderByInvalid, PageTokenInvalid.
        """
        return await self._pages.get(WATCHLIST, user_id, wanted, size=size, page_token=page_token, order_by=order_by)

    async def get_last_activities(self, user_id: UserId) -> Activities:
        """Returns the version of each list, which rises with every change, removals included, and its last change."""
        rows = await fetch(ACTIVITIES, user_id)
        if not rows:
            return Activities()
        kinds = ("favorites", "watchlist", "ratings")
        return Activities(*(Activity(rows[0][f"{kind}_version"], rows[0][f"{kind}_changed_at"]) for kind in kinds))


async def _add(kind: ListKind, user_id: UserId, movie_id: MovieId) -> ListedMovie:
    while True:
        try:
            rows = await fetch(ADD_TO[kind], user_id, movie_id)
        except IntegrityError as error:
            raise missing_reference(error, movie_id) from error
        if rows:
            return ListedMovie(movie_id, rows[0]["created_at"], state_from(rows[0]))
        # A concurrent call inserted the row after this statement began. The next statement finds it, or inserts it.


async def _add_all(kind: ListKind, user_id: UserId, movie_ids: Sequence[MovieId]) -> list[AddResult]:
    found: dict[int, AddResult] = {}
    pending = set(movie_ids)
    while pending:
        try:
            rows = await fetch(ADD_ALL_TO[kind], user_id, sorted(pending))
        except IntegrityError as error:
            raise AccountGone from error
        found |= {row["id"]: _add_result(row) for row in rows if row["created_at"] is not None}
        # As in _add: the next statement finds rows of concurrent calls.
        pending = {row["id"] for row in rows if row["created_at"] is None}
    return [found.get(movie_id) or AddResult(movie_id, AddOutcome.NOT_FOUND) for movie_id in movie_ids]


def _add_result(row: Mapping[str, Any]) -> AddResult:
    outcome = AddOutcome.ADDED if row["is_new"] else AddOutcome.ALREADY_THERE
    return AddResult(MovieId(row["id"]), outcome, row["created_at"])


def missing_reference(error: IntegrityError, movie_id: MovieId) -> AccountGone | MovieNotFound:
    """Returns the error for a row whose user or movie does not exist, by the constraint that it violates."""
    return AccountGone() if "user_id" in violated_constraint(error) else MovieNotFound(movie_id)
