"""Pages of ids kept in memory until anything changes that a list may show, in another order or not at all.

The same rules hold as for replies (`reply_cache.py`): what was loaded while news came is not kept, and nothing is kept
inside of a transaction or while it is not certain that all news is heard.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Generic, TypeVar

from service.caching.response_cache import MAX_AGE
from service.database.orm import within_transaction

T = TypeVar("T")


class PageCache(Generic[T]):
    """The pages of one list, by what was asked; the least recently used ones make room."""

    def __init__(self, *, max_pages: int, is_current: Callable[[], bool]) -> None:
        """`is_current` tells whether all news up to now, but for moments, has arrived."""
        self._max_pages = max_pages
        self._is_current = is_current
        self._pages: OrderedDict[Hashable, tuple[T, float]] = OrderedDict()
        self._news = 0
        self.size_bytes = 0
        """Not told apart: a page takes about a kilobyte."""
        self.events: Counter[str] = Counter()
        """How many pages were hits, misses, bypasses (reads that had to pass by), invalidations and evictions."""

    async def get(self, asked: Hashable, load: Callable[[], Awaitable[T]], *, keeps: bool) -> T:
        """Returns the page that was asked for; with `keeps` one that may be kept and have been kept."""
        if not keeps or not self._is_current() or within_transaction():
            self.events["bypasses"] += 1
            return await load()
        kept = self._pages.get(asked)
        if kept is not None and kept[1] >= time.monotonic():
            self._pages.move_to_end(asked)
            self.events["hits"] += 1
            return kept[0]
        self.events["misses"] += 1
        news_before = self._news
        page = await load()
        if news_before == self._news:
            self._keep(asked, page)
        return page

    def invalidate(self, _ids: Iterable[int]) -> None:
        """Forgets every page: any of them may show what changed, or may have to."""
        self.clear()

    def clear(self) -> None:
        """Forgets every page."""
        self._news += 1
        self.events["invalidations"] += len(self._pages)
        self._pages.clear()

    def _keep(self, asked: Hashable, page: T) -> None:
        self._pages[asked] = (page, time.monotonic() + MAX_AGE)
        if len(self._pages) > self._max_pages:
            self._pages.popitem(last=False)
            self.events["evictions"] += 1
