"""Page cache: pages of ids in memory, until a change that may move an entity into, out of or within a list.

Adds invalidation to an LRUCache of cachetools, and saves a third of the CPU time of ListMovies (docs/performance.md,
"Written for speed").

The rules are those of `response_cache.py`: a page during whose load an invalidation arrives is returned and not stored,
and the cache is bypassed inside a transaction and while invalidations may be missed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Generic, TypeVar

from cachetools import LRUCache

from service.caching.response_cache import MAX_AGE
from service.database.orm import within_transaction

T = TypeVar("T")


class PageCache(Generic[T]):
    """The pages of one kind of list, by the parameters of the request; the least recently used ones are evicted."""

    def __init__(self, *, max_pages: int, is_current: Callable[[], bool]) -> None:
        """`max_pages` of 0 disables the cache; `is_current` returns whether all invalidations have arrived."""
        self._max_pages = max_pages
        self._is_current = is_current
        self._pages: LRUCache[Hashable, tuple[T, float]] = LRUCache(max_pages)
        """Each page with the time until which it may be used."""
        self._invalidations = 0
        self.size_bytes = 0
        """Always 0: pages are counted, not measured. One takes about a kilobyte."""
        self.events: Counter[str] = Counter()
        """Number of hits, misses, bypasses, invalidations and evictions."""

    async def get(self, key: Hashable, load: Callable[[], Awaitable[T]], *, is_cacheable: bool) -> T:
        """Returns the page for a key, from the cache or from `load`; only from `load` unless `is_cacheable`."""
        if not is_cacheable or not self._max_pages or not self._is_current() or within_transaction():
            self.events["bypasses"] += 1
            return await load()
        cached = self._pages.get(key)
        if cached is not None and cached[1] >= time.monotonic():
            self.events["hits"] += 1
            return cached[0]
        self.events["misses"] += 1
        invalidations = self._invalidations
        page = await load()
        if invalidations == self._invalidations:
            self._store(key, page)
        return page

    def invalidate(self, _ids: Iterable[int]) -> None:
        """Drops every page, because any of them may show the changed entities or lack them."""
        self.clear()

    def clear(self) -> None:
        """Drops every page."""
        self._invalidations += 1
        self.events["invalidations"] += len(self._pages)
        self._pages.clear()

    def _store(self, key: Hashable, page: T) -> None:
        is_full = len(self._pages) == self._max_pages and key not in self._pages
        self._pages[key] = (page, time.monotonic() + MAX_AGE)
        self.events["evictions"] += is_full
