"""Pages of users' favorites and watchlists, kept in memory for as long as they are right.

PostgreSQL counts the changes of each user's lists in the changing transaction. A page is kept with the counts that it
was read with, and handed out again while a look at the counts finds the same: one row of three numbers, and one query
for all who ask at the same time.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from cachetools import LRUCache

from service.api.pagination import Page, PageTokens
from service.auth.principal import UserId
from service.caching.batch_loader import Gathering
from service.database.orm import fetch
from service.favorites.history import VERSIONS
from service.favorites.listing import Listed, ListFilter, list_rows, reads_movies
from service.favorites.states import state_of
from service.favorites.values import KeptMovie

Versions: TypeAlias = list[int]
Asked: TypeAlias = tuple[str, UserId, ListFilter, int, str, str]
VERSIONS_OF = f"SELECT user_id, {VERSIONS} AS versions FROM user_activities WHERE user_id = ANY ($1::int[])"  # noqa: S608 - a constant of ours
PAGE_BYTES = 1000
MOVIE_BYTES = 250


class _Kept(NamedTuple):
    versions: Versions
    page: Page[KeptMovie]

    @property
    def size(self) -> int:
        return PAGE_BYTES + MOVIE_BYTES * len(self.page.items)


class OwnPages:
    """Pages of movies that users keep; the least recently used ones make room."""

    def __init__(self, *, page_tokens: PageTokens, max_bytes: int) -> None:
        """`max_bytes` are kept, about; 0 keeps none."""
        self._page_tokens = page_tokens
        self._pages: LRUCache[Asked, _Kept] = LRUCache(max_bytes, getsizeof=lambda kept: kept.size)
        self._versions = Gathering(_load_versions)

    async def get(
        self, listed: Listed, user_id: UserId, wanted: ListFilter, *, size: int, page_token: str, order_by: str
    ) -> Page[KeptMovie]:
        """Returns a page of a user's list; raises OrderByInvalid, PageTokenInvalid."""
        asked = (listed.rpc, user_id, wanted, size, page_token, order_by)
        kept = self._pages.get(asked)
        if kept is not None and kept.versions == await self._versions.find(user_id):
            return kept.page
        rows, token = await list_rows(
            listed, user_id, wanted, size=size, page_token=page_token, order_by=order_by, tokens=self._page_tokens
        )
        page = Page([KeptMovie(row["movie_id"], row["created_at"], state_of(row)) for row in rows], token)
        # Without counts (rows that were loaded past the triggers) nothing would tell of a change.
        if rows and rows[0]["versions"] is not None and not reads_movies(listed, wanted, order_by):
            with suppress(ValueError):  # Larger than all that may be kept.
                self._pages[asked] = _Kept(rows[0]["versions"], page)
        return page


async def _load_versions(user_ids: Collection[UserId]) -> dict[UserId, Versions]:
    return {row["user_id"]: row["versions"] for row in await fetch(VERSIONS_OF, list(user_ids))}
