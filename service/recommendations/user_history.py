"""Cache of user histories. A version of each list, which triggers count up, tells whether an entry is current."""

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
from service.recommendations.values import UserHistory

Versions: TypeAlias = list[int]
# Dismissals and favorite genres have no version. They are small, so each call reads them with the versions.
UNCACHED_COLUMNS = f"""
    (SELECT {VERSIONS} FROM user_activities AS a WHERE a.user_id = u.id) AS versions,
    ARRAY(SELECT movie_id FROM dismissed_recommendations AS d WHERE d.user_id = u.id) AS dismissed_ids,
    (SELECT favorite_genres FROM user_profiles AS p WHERE p.user_id = u.id) AS favorite_genres
"""  # noqa: S608 - constants
UNCACHED_PARTS = f"SELECT u.id, {UNCACHED_COLUMNS} FROM unnest($1::int[]) AS u (id)"  # noqa: S608 - constants
HISTORY = f"SELECT {HISTORY_COLUMNS}, {UNCACHED_COLUMNS} FROM (SELECT $1::int AS id) AS u"  # noqa: S608 - constants
USER_BYTES = 2000
"""Estimated size of a history without movies."""
MOVIE_BYTES = 100
"""Estimated size of a movie in a history."""


class _Entry(NamedTuple):
    versions: Versions
    history: UserHistory

    @property
    def size(self) -> int:
        history = self.history
        movies = len(history.ratings) + len(history.favorites) + len(history.watchlist) + len(history.dismissed)
        return USER_BYTES + MOVIE_BYTES * movies


class UserHistories:
    """Reads the histories of users and caches the most recently used ones."""

    def __init__(self, *, max_bytes: int) -> None:
        """`max_bytes` is the approximate size of the cache; 0 disables it."""
        self._entries: LRUCache[UserId, _Entry] = LRUCache(max_bytes, getsizeof=lambda entry: entry.size)
        self._uncached_parts = BatchLoader(_load_uncached_parts)

    async def get(self, user_id: UserId) -> UserHistory:
        """Returns the current history of a user; it is empty for a user without interactions."""
        entry = self._entries.get(user_id)
        if entry is not None:
            row = await self._uncached_parts.find(user_id)
            if row is not None and row["versions"] == entry.versions:
                return replace(entry.history, **_uncached_fields(row))
        (row,) = await fetch(HISTORY, user_id)
        history = UserHistory(
            ratings=dict(zip(row["rated_ids"], row["ratings"], strict=True)),
            favorites=dict.fromkeys(row["favorite_ids"]),
            watchlist=frozenset(row["watchlist_ids"]),
            **_uncached_fields(row),
        )
        # Rows that were inserted without the triggers have no versions, so a change would not be noticed.
        if row["versions"] is not None:
            with suppress(ValueError):  # The history is larger than the cache.
                self._entries[user_id] = _Entry(row["versions"], history)
        return history


def _uncached_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dismissed": frozenset(row["dismissed_ids"]),
        "favorite_genres": tuple(json.loads(row["favorite_genres"] or "[]")),
    }


async def _load_uncached_parts(user_ids: Collection[UserId]) -> dict[UserId, Mapping[str, Any]]:
    return {row["id"]: row for row in await fetch(UNCACHED_PARTS, list(user_ids))}
