"""What a user did with the movie of each row `l` of theirs, read along with it: a reply needs no further query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.catalog.service import ViewerState

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


def state_of(row: Mapping[str, Any]) -> ViewerState:
    """Returns the state that was read along with a row."""
    return ViewerState(row["is_favorite"], row["in_watchlist"], row["my_rating"])
