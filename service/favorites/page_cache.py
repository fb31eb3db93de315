"""Caches of users' pages: the rows of a page by version, and the serialized reply for a page and its movies.

PostgreSQL counts the changes of each user's lists in the changing transaction. A cached page has the versions that it
was read with, and is reused only while the current versions are the same. So it is never stale, on any worker and
behind any pooler. One query reads the versions of all users who ask at the same time.

Both add their rule to an LRUCache of cachetools. The rows save two fifths of the CPU time of ListFavorites, the replies
a tenth (docs/performance.md, "Written for speed").
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from cachetools import LRUCache

from service.api.pagination import Page, PageTokens
from service.auth.principal import UserId
from service.caching.batch_loader import BatchLoader
from service.catalog.service import MovieId
from service.database.orm import fetch
from service.favorites.interactions import VERSIONS, state_from
from service.favorites.listing import ListFilter, UserList, list_rows, reads_movies
from service.favorites.values import ListedMovie

Versions: TypeAlias = list[int]
PageKey: TypeAlias = tuple[str, UserId, ListFilter, int, str, str]
VERSIONS_OF = f"SELECT user_id, {VERSIONS} AS versions FROM user_activities WHERE user_id = ANY ($1::int[])"  # noqa: S608 - a constant
PAGE_BYTES = 1000
MOVIE_BYTES = 250


class _CachedPage(NamedTuple):
    versions: Versions
    page: Page[ListedMovie]

    @property
    def size(self) -> int:
        return PAGE_BYTES + MOVIE_BYTES * len(self.page.items)


class VersionedPageCache:
    """Pages of users' favorites and watchlists; the least recently used ones are evicted."""

    def __init__(self, *, page_tokens: PageTokens, max_bytes: int) -> None:
        """`max_bytes` bounds the estimated size; 0 disables the cache."""
        self._page_tokens = page_tokens
        self._pages: LRUCache[PageKey, _CachedPage] = LRUCache(max_bytes, getsizeof=lambda cached: cached.size)
        self._versions = BatchLoader(_load_versions)

    async def get(
        self, user_list: UserList, user_id: UserId, wanted: ListFilter, *, size: int, page_token: str, order_by: str
    ) -> Page[ListedMovie]:
        """Returns a page of a user's list; raises OrderByInvalid, PageTokenInvalid."""
        key = (user_list.rpc, user_id, wanted, size, page_token, order_by)
        cached = self._pages.get(key)
        if cached is not None and cached.versions == await self._versions.find(user_id):
            return cached.page
        rows, token = await list_rows(
            user_list, user_id, wanted, size=size, page_token=page_token, order_by=order_by, tokens=self._page_tokens
        )
        page = Page([ListedMovie(row["movie_id"], row["created_at"], state_from(row)) for row in rows], token)
        # Rows that were loaded without the triggers have no versions, which would not tell when they change.
        if rows and rows[0]["versions"] is not None and not reads_movies(user_list, wanted, order_by):
            with suppress(ValueError):  # Larger than the whole cache.
                self._pages[key] = _CachedPage(rows[0]["versions"], page)
        return page


async def _load_versions(user_ids: Collection[UserId]) -> dict[UserId, Versions]:
    return {row["user_id"]: row["versions"] for row in await fetch(VERSIONS_OF, list(user_ids))}


class _CachedReply(NamedTuple):
    page: Page[ListedMovie]
    movies: Mapping[MovieId, bytes]
    reply: bytes


class PageReplyCache:
    """Serialized replies, reused while the page and all of its movies are the same."""

    def __init__(self, *, max_bytes: int) -> None:
        """`max_bytes` bounds the estimated size; 0 disables the cache."""
        # An entry holds the reply and its movies, which are about as large.
        self._replies: LRUCache[int, _CachedReply] = LRUCache(max_bytes, getsizeof=lambda cached: 2 * len(cached.reply))

    def get(self, page: Page[ListedMovie], movies: Mapping[MovieId, bytes], serialize: Callable[[], bytes]) -> bytes:
        """Returns the cached reply for the same page and movies, or the result of `serialize`."""
        cached = self._replies.get(id(page))
        if cached is not None and cached.page is page and cached.movies == movies:
            return cached.reply
        reply = serialize()
        with suppress(ValueError):  # Larger than the whole cache.
            self._replies[id(page)] = _CachedReply(page, movies, reply)
        return reply
