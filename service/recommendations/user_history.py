"""What users told by what they did, kept in memory for as long as it is right."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from cachetools import LRUCache

from service.auth.principal import UserId
from service.caching.batch_loader import BatchLoader
from service.database.orm import fetch
from service.favorites.interactions import HISTORY_COLUMNS, VERSIONS
from service.recommendations.values import Taste

Versions: TypeAlias = list[int]
# What changes without the versions of a user's lists is little, and read with them.
REST = f"""
    (SELECT {VERSIONS} FROM user_activities AS a WHERE a.user_id = u.id) AS versions,
    ARRAY(SELECT movie_id FROM dismissed_recommendations AS d WHERE d.user_id = u.id) AS dismissed_ids,
    (SELECT favorite_genres FROM user_profiles AS p WHERE p.user_id = u.id) AS favorite_genres
"""  # noqa: S608 - constants of ours
RESTS = f"SELECT u.id, {REST} FROM unnest($1::int[]) AS u (id)"  # noqa: S608 - constants of ours
TASTE = f"SELECT {HISTORY_COLUMNS}, {REST} FROM (SELECT $1::int AS id) AS u"  # noqa: S608 - constants of ours
USER_BYTES = 2000
ITEM_BYTES = 100


class _Kept(NamedTuple):
    versions: Versions
    taste: Taste

    @property
    def size(self) -> int:
        taste = self.taste
        items = len(taste.ratings) + len(taste.favorites) + len(taste.watchlist) + len(taste.dismissed)
        return USER_BYTES + ITEM_BYTES * items


class Tastes:
    """The tastes of those users who asked last."""

    def __init__(self, *, max_bytes: int) -> None:
        """`max_bytes` are kept, about; 0 keeps none."""
        self._kept: LRUCache[UserId, _Kept] = LRUCache(max_bytes, getsizeof=lambda kept: kept.size)
        self._rest_loader = BatchLoader(_load_rests)

    async def get(self, user_id: UserId) -> Taste:
        """Returns a user's taste as it is now; an empty one for who did nothing."""
        kept = self._kept.get(user_id)
        if kept is not None:
            rest = await self._rest_loader.find(user_id)
            if rest is not None and rest["versions"] == kept.versions:
                return replace(kept.taste, **_rest(rest))
        (row,) = await fetch(TASTE, user_id)
        taste = Taste(
            ratings=dict(zip(row["rated_ids"], row["ratings"], strict=True)),
            favorites=dict.fromkeys(row["favorite_ids"]),
            watchlist=frozenset(row["watchlist_ids"]),
            **_rest(row),
        )
        # Without counts (rows that were loaded past the triggers) nothing would tell of a change.
        if row["versions"] is not None:
            with suppress(ValueError):  # Larger than all that may be kept.
                self._kept[user_id] = _Kept(row["versions"], taste)
        return taste


def _rest(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dismissed": frozenset(row["dismissed_ids"]),
        "favorite_genres": tuple(json.loads(row["favorite_genres"] or "[]")),
    }


async def _load_rests(user_ids: Collection[UserId]) -> dict[UserId, Mapping[str, Any]]:
    return {row["id"]: row for row in await fetch(RESTS, list(user_ids))}
