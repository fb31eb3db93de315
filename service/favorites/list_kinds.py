"""Favorites and watchlists in the database: two tables of one shape, each written by one statement."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

from tortoise.exceptions import IntegrityError

from service.auth.principal import AccountGone, UserId
from service.catalog.service import MovieId
from service.database.orm import fetch, violated_constraint
from service.favorites.errors import MovieNotFound
from service.favorites.states import STATE_IN, state_of
from service.favorites.values import AddOutcome, AddResult, KeptMovie


class Keeping(enum.StrEnum):
    """Tables of movies that users keep; the value is the table's name."""

    FAVORITES = "favorite_movies"
    WATCHLIST = "watchlist_items"


ENSURE = """
WITH added AS (INSERT INTO {table} (user_id, movie_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING created_at),
kept AS (
    SELECT created_at FROM added
    UNION ALL SELECT created_at FROM {table} WHERE user_id = $1 AND movie_id = $2
)
SELECT l.created_at, {state} FROM (SELECT $1::int AS user_id, $2::int AS movie_id, created_at FROM kept) AS l
"""
# The lock keeps each movie until its row is there. Rows are made in the order of ids: two batches never wait for each
# other in a circle.
ENSURE_ALL = """
WITH existing AS MATERIALIZED (SELECT id FROM movies WHERE id = ANY ($2::int[]) ORDER BY id FOR KEY SHARE),
added AS (
    INSERT INTO {table} (user_id, movie_id) SELECT $1, id FROM existing ORDER BY id
    ON CONFLICT DO NOTHING RETURNING movie_id, created_at
)
SELECT e.id, a.movie_id IS NOT NULL AS is_new, coalesce(a.created_at, k.created_at) AS created_at
FROM existing AS e LEFT JOIN added AS a ON a.movie_id = e.id
LEFT JOIN {table} AS k ON k.user_id = $1 AND k.movie_id = e.id
"""
ENSURE_IN = {kept: ENSURE.format(table=kept.value, state=STATE_IN[kept.value]) for kept in Keeping}
ENSURE_ALL_IN = {kept: ENSURE_ALL.format(table=kept.value) for kept in Keeping}
REMOVE_FROM = {kept: f"DELETE FROM {kept.value} WHERE user_id = $1 AND movie_id = $2" for kept in Keeping}  # noqa: S608 - our own names


async def ensure_kept(kept: Keeping, user_id: UserId, movie_id: MovieId) -> KeptMovie:
    """Makes the row unless it is there; a repeat returns the first. Raises MovieNotFound, AccountGone."""
    while True:
        try:
            rows = await fetch(ENSURE_IN[kept], user_id, movie_id)
        except IntegrityError as error:
            raise missing_reference(error, movie_id) from error
        if rows:
            return KeptMovie(movie_id, rows[0]["created_at"], state_of(rows[0]))
        # A concurrent call made the row after this statement began: the next one sees it, or makes it anew.


async def ensure_all_kept(kept: Keeping, user_id: UserId, movie_ids: Sequence[MovieId]) -> list[AddResult]:
    """Makes a row for each movie that exists unless it is there, and tells of each, in the order given.

    Raises AccountGone.
    """
    found: dict[int, AddResult] = {}
    pending = set(movie_ids)
    while pending:
        try:
            rows = await fetch(ENSURE_ALL_IN[kept], user_id, sorted(pending))
        except IntegrityError as error:
            raise AccountGone from error
        found |= {row["id"]: _result(row) for row in rows if row["created_at"] is not None}
        # As in ensure_kept: what concurrent calls made is seen by the next statement.
        pending = {row["id"] for row in rows if row["created_at"] is None}
    return [found.get(movie_id) or AddResult(movie_id, AddOutcome.NOT_FOUND) for movie_id in movie_ids]


def _result(row: Mapping[str, Any]) -> AddResult:
    outcome = AddOutcome.ADDED if row["is_new"] else AddOutcome.ALREADY_THERE
    return AddResult(MovieId(row["id"]), outcome, row["created_at"])


async def remove_kept(kept: Keeping, user_id: UserId, movie_id: MovieId) -> None:
    """Removes the row; no error when it is not there."""
    await fetch(REMOVE_FROM[kept], user_id, movie_id)


def missing_reference(error: IntegrityError, movie_id: MovieId) -> AccountGone | MovieNotFound:
    """Returns what a row of a user and a movie lacks, by the constraint that it broke."""
    return AccountGone() if "user_id" in violated_constraint(error) else MovieNotFound(movie_id)
