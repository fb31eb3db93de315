"""Interactions of users with movies: viewer states of replies, and the SQL with which other domains read histories."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from service.auth.principal import UserId
from service.caching.batch_loader import BatchLoader
from service.catalog.service import UNTOUCHED, MovieId, ViewerState, ViewerStates
from service.database.orm import fetch

VERSIONS = "ARRAY[favorites_version, watchlist_version, ratings_version]"
"""Columns of user_activities that count the changes of each list: equal versions mean equal lists."""
HISTORY_COLUMNS = """
    ARRAY(SELECT movie_id FROM favorite_movies WHERE user_id = $1 ORDER BY id DESC) AS favorite_ids,
    ARRAY(SELECT movie_id FROM watchlist_items WHERE user_id = $1) AS watchlist_ids,
    ARRAY(SELECT movie_id FROM movie_ratings WHERE user_id = $1 ORDER BY id DESC) AS rated_ids,
    ARRAY(SELECT rating FROM movie_ratings WHERE user_id = $1 ORDER BY id DESC) AS ratings"""
"""Arrays about the user whose id is the first value of the statement. `rated_ids` and `ratings` have the same order;
they and the favorites begin with the newest."""
INTERACTIONS = """
    SELECT movie_id, created_at, 2 AS weight FROM favorite_movies
    UNION ALL SELECT movie_id, created_at, CASE WHEN rating >= 4 THEN 2 ELSE 1 END FROM movie_ratings
    UNION ALL SELECT movie_id, created_at, 1 FROM watchlist_items"""
"""Rows of all interactions with their time and weight. A condition on the time is answered from one index per table."""

SAME = "user_id = l.user_id AND movie_id = l.movie_id"
# Each is one index look-up per row. PostgreSQL may answer EXISTS by hashing a whole table.
IS_FAVORITE = f"(SELECT true FROM favorite_movies WHERE {SAME}) IS NOT NULL AS is_favorite"  # noqa: S608 - constants
IN_WATCHLIST = f"(SELECT true FROM watchlist_items WHERE {SAME}) IS NOT NULL AS in_watchlist"  # noqa: S608 - constants
MY_RATING = f"coalesce((SELECT rating FROM movie_ratings WHERE {SAME}), 0) AS my_rating"  # noqa: S608 - constants
STATE_COLUMNS = {
    "favorite_movies": f"true AS is_favorite, {IN_WATCHLIST}, {MY_RATING}",
    "watchlist_items": f"{IS_FAVORITE}, true AS in_watchlist, {MY_RATING}",
    "movie_ratings": f"{IS_FAVORITE}, {IN_WATCHLIST}, l.rating AS my_rating",
}
"""Columns of the viewer state, by the table of the rows `l`."""
# One statement reads all three tables, because each reply with movies to a signed-in caller waits for it. OFFSET 0
# makes PostgreSQL look up each row, even if it estimates a table as small.
REQUESTED = "unnest($1::int[], $2::int[]) AS l (user_id, movie_id)"
STATES = f"""
SELECT l.*, true AS is_favorite, false AS in_watchlist, 0 AS my_rating
FROM {REQUESTED}, LATERAL (SELECT FROM favorite_movies WHERE {SAME} OFFSET 0) AS found
UNION ALL
SELECT l.*, false, true, 0 FROM {REQUESTED}, LATERAL (SELECT FROM watchlist_items WHERE {SAME} OFFSET 0) AS found
UNION ALL SELECT l.*, false, false, found.rating
FROM {REQUESTED}, LATERAL (SELECT rating FROM movie_ratings WHERE {SAME} OFFSET 0) AS found
"""  # noqa: S608 - constants
StatesRequest: TypeAlias = tuple[UserId, frozenset[MovieId]]


def state_from(row: Mapping[str, Any]) -> ViewerState:
    """Returns the viewer state in a row with STATE_COLUMNS."""
    return ViewerState(row["is_favorite"], row["in_watchlist"], row["my_rating"])


class ViewerStateLoader:
    """Loads the states of movies for callers; concurrent callers share a query."""

    def __init__(self) -> None:
        self._loader = BatchLoader(_load_states)

    async def find(self, user_id: UserId, movie_ids: Collection[MovieId]) -> ViewerStates:
        """Returns the states of those movies that the user did anything with; may include other movies."""
        return await self._loader.find((user_id, frozenset(movie_ids))) or {}


async def _load_states(requests: Collection[StatesRequest]) -> dict[StatesRequest, ViewerStates]:
    found: dict[UserId, dict[MovieId, ViewerState]] = {user_id: {} for user_id, _ in requests}
    pairs = {(user_id, movie_id) for user_id, movie_ids in requests for movie_id in movie_ids}
    for row in await fetch(STATES, [user_id for user_id, _ in pairs], [movie_id for _, movie_id in pairs]):
        states, movie_id = found[row["user_id"]], MovieId(row["movie_id"])
        known, new = states.get(movie_id, UNTOUCHED), state_from(row)
        states[movie_id] = ViewerState(
            known.is_favorite or new.is_favorite,
            known.in_watchlist or new.in_watchlist,
            known.my_rating or new.my_rating,
        )
    return {(user_id, movie_ids): found[user_id] for user_id, movie_ids in requests}
