"""Serialized replies kept in memory: by id, bounded in bytes, correct while others write.

What was loaded while its id was invalidated is handed out and not kept: it may have been read before the write. So
whoever asks after an invalidation gets what was read after it. Nothing is kept inside of a transaction, whose own
writes may yet be undone, nor while it is not certain that every invalidation is heard.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from service.database.orm import within_transaction

Parts: TypeAlias = tuple[bytes, ...]
"""A reply in the pieces that its readers put together."""
Load: TypeAlias = Callable[[Collection[int]], Awaitable[Mapping[int, Parts]]]
MAX_AGE = 60.0
"""Seconds that an entry is good for, whatever is heard: the bound for what its writer announced after the commit."""
OVERHEAD = 500
"""Bytes that an entry takes beside its parts, about."""


class _Entry(NamedTuple):
    parts: Parts
    size: int
    good_until: float


class ReplyCache:
    """The replies about one kind of entity in one worker; the least recently used ones make room."""

    def __init__(self, *, load: Load, max_bytes: int, is_current: Callable[[], bool]) -> None:
        """`is_current` tells whether every invalidation up to now, but for moments, has arrived; 0 bytes keep none."""
        self._load = load
        self._max_bytes = max_bytes
        self._is_current = is_current
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._loads: set[_Loading] = set()
        self.size_bytes = 0
        """What it holds."""
        self.events: Counter[str] = Counter()
        """How many ids were hits, misses, bypasses (reads that had to pass by), invalidations and evictions."""

    def find(self, entity_id: int) -> Parts | None:
        """Returns a reply that is kept; None when it has to be got."""
        entry = self._entries.get(entity_id)
        if entry is None or within_transaction() or not self._is_current() or entry.good_until < time.monotonic():
            return None
        self._entries.move_to_end(entity_id)
        self.events["hits"] += 1
        return entry.parts

    async def get(self, ids: Collection[int]) -> dict[int, Parts]:
        """Returns the replies of those ids that exist, loading what is not kept in one go."""
        if within_transaction() or not self._is_current():
            self.events["bypasses"] += len(ids)
            return dict(await self._load(ids))
        found, missing = self._find(ids)
        if missing:
            found.update(await self._fill(missing))
        return found

    def invalidate(self, ids: Iterable[int]) -> None:
        """Forgets the replies of some ids, those that are being loaded included."""
        ids = list(ids)
        for entity_id in ids:
            entry = self._entries.pop(entity_id, None)
            if entry is not None:
                self.size_bytes -= entry.size
                self.events["invalidations"] += 1
        for loading in self._loads:
            loading.current.difference_update(ids)

    def clear(self) -> None:
        """Forgets every reply."""
        self.events["invalidations"] += len(self._entries)
        self._entries.clear()
        self.size_bytes = 0
        for loading in self._loads:
            loading.current.clear()

    def _find(self, ids: Iterable[int]) -> tuple[dict[int, Parts], list[int]]:
        now, entries = time.monotonic(), self._entries
        found: dict[int, Parts] = {}
        missing = []
        for entity_id in ids:
            entry = entries.get(entity_id)
            if entry is None or entry.good_until < now:
                missing.append(entity_id)
            else:
                entries.move_to_end(entity_id)
                found[entity_id] = entry.parts
        self.events["hits"] += len(found)
        self.events["misses"] += len(missing)
        return found, missing

    async def _fill(self, ids: Collection[int]) -> Mapping[int, Parts]:
        loading = _Loading(ids)
        self._loads.add(loading)
        try:
            loaded = await self._load(ids)
        finally:
            self._loads.discard(loading)
        good_until = time.monotonic() + MAX_AGE
        for entity_id, parts in loaded.items():
            if entity_id in loading.current:
                self._keep(entity_id, parts, good_until)
        return loaded

    def _keep(self, entity_id: int, parts: Parts, good_until: float) -> None:
        size = OVERHEAD + sum(map(len, parts))
        if size > self._max_bytes:
            return
        replaced = self._entries.pop(entity_id, None)
        self._entries[entity_id] = _Entry(parts, size, good_until)
        self.size_bytes += size - (replaced.size if replaced else 0)
        while self.size_bytes > self._max_bytes:
            _, evicted = self._entries.popitem(last=False)
            self.size_bytes -= evicted.size
            self.events["evictions"] += 1


class _Loading:
    """One load under way, and those of its ids that nothing was heard of since it began."""

    def __init__(self, ids: Iterable[int]) -> None:
        self.current = set(ids)
