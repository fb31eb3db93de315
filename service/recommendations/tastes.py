"""What a user told by what they did, in one query."""

from __future__ import annotations

import json

from service.auth.principal import UserId
from service.db import fetch
from service.favorites.history import HISTORY_COLUMNS
from service.recommendations.values import Taste

TASTE = f"""
SELECT {HISTORY_COLUMNS},
    ARRAY(SELECT movie_id FROM dismissed_recommendations WHERE user_id = $1) AS dismissed_ids,
    (SELECT favorite_genres FROM user_profiles WHERE user_id = $1) AS favorite_genres
"""  # noqa: S608 - constants of ours


async def get_taste(user_id: UserId) -> Taste:
    """Returns a user's taste as it is now; an empty one for who did nothing."""
    (row,) = await fetch(TASTE, user_id)
    return Taste(
        ratings=dict(zip(row["rated_ids"], row["ratings"], strict=True)),
        favorites=dict.fromkeys(row["favorite_ids"]),
        watchlist=frozenset(row["watchlist_ids"]),
        dismissed=frozenset(row["dismissed_ids"]),
        favorite_genres=tuple(json.loads(row["favorite_genres"] or "[]")),
    )
