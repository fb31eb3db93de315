"""What users did with movies: read along with the rows of their lists, or looked up for whoever is shown a movie."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from service.auth.principal import UserId
from service.caching.batch_loader import Gathering
from service.catalog.service import UNTOUCHED, MovieId, ViewerState, ViewerStates
from service.database.orm import fetch

SAME = "user_id = l.user_id AND movie_id = l.movie_id"
# One look-up a row, and never EXISTS: PostgreSQL may answer that by reading a whole table into a hash.
IS_FAVORITE = f"(SELECT true FROM favorite_movies WHERE {SAME}) IS NOT NULL AS is_favorite"  # noqa: S608 - our own names
IN_WATCHLIST = f"(SELECT true FROM watchlist_items WHERE {SAME}) IS NOT NULL AS in_watchlist"  # noqa: S608 - our own names
MY_RATING = f"coalesce((SELECT rating FROM movie_ratings WHERE {SAME}), 0) AS my_rating"  # noqa: S608 - our own names
STATE_IN = {
    "favorite_movies": f"true AS is_favorite, {IN_WATCHLIST}, {MY_RATING}",
    "watchlist_items": f"{IS_FAVORITE}, true AS in_watchlist, {MY_RATING}",
    "movie_ratings": f"{IS_FAVORITE}, {IN_WATCHLIST}, l.rating AS my_rating",
}
"""What to select, by the table of the rows."""
# One statement for the three: every reply with movies to a known caller waits for it. OFFSET 0 has PostgreSQL look up
# each row, however small a table seems to be.
ASKED = "unnest($1::int[], $2::int[]) AS l (user_id, movie_id)"
STATES = f"""
SELECT l.*, true AS is_favorite, false AS in_watchlist, 0 AS my_rating
FROM {ASKED}, LATERAL (SELECT FROM favorite_movies WHERE {SAME} OFFSET 0) AS found
UNION ALL SELECT l.*, false, true, 0 FROM {ASKED}, LATERAL (SELECT FROM watchlist_items WHERE {SAME} OFFSET 0) AS found
UNION ALL SELECT l.*, false, false, found.rating
FROM {ASKED}, LATERAL (SELECT rating FROM movie_ratings WHERE {SAME} OFFSET 0) AS found
"""  # noqa: S608 - our own names
States: TypeAlias = dict[MovieId, ViewerState]
Asked: TypeAlias = tuple[UserId, frozenset[MovieId]]


def state_of(row: Mapping[str, Any]) -> ViewerState:
    """Returns the state that was read along with a row."""
    return ViewerState(row["is_favorite"], row["in_watchlist"], row["my_rating"])


class ViewerStateLookups:
    """Finds what callers did with the movies that they are shown."""

    def __init__(self) -> None:
        self._lookups = Gathering(_load)

    async def find(self, user_id: UserId, movie_ids: Collection[MovieId]) -> ViewerStates:
        """Returns what a user did with those of the movies that they did anything with, and maybe with others."""
        return await self._lookups.find((user_id, frozenset(movie_ids))) or {}


async def _load(asked: Collection[Asked]) -> dict[Asked, States]:
    found: dict[UserId, States] = {user_id: {} for user_id, _ in asked}
    pairs = {(user_id, movie_id) for user_id, movie_ids in asked for movie_id in movie_ids}
    for row in await fetch(STATES, [user_id for user_id, _ in pairs], [movie_id for _, movie_id in pairs]):
        states, movie_id = found[row["user_id"]], MovieId(row["movie_id"])
        known, new = states.get(movie_id, UNTOUCHED), state_of(row)
        states[movie_id] = ViewerState(
            known.is_favorite or new.is_favorite,
            known.in_watchlist or new.in_watchlist,
            known.my_rating or new.my_rating,
        )
    return {(user_id, movie_ids): found[user_id] for user_id, movie_ids in asked}
