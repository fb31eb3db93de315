"""Response cache: serialized responses by id, bounded in bytes, correct under concurrent writes.

A value whose id is invalidated while it loads is returned and not stored, because it may have been read before the
write. So a read that begins after an invalidation never returns an older value. The cache is bypassed inside a
transaction, whose own writes may still be rolled back, and while invalidations may be missed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from cachetools import LRUCache

from service.database.orm import within_transaction

T = TypeVar("T")
Load: TypeAlias = Callable[[Collection[int]], Awaitable[Mapping[int, T]]]
"""Loads the values of those ids that exist."""
MAX_AGE = 60.0
"""Seconds after which an entry is loaded again: the bound for changes that are announced after their commit."""
OVERHEAD = 500
"""Estimated bytes of an entry in addition to its value."""


class _Entry(NamedTuple, Generic[T]):
    value: T
    size: int
    expires_at: float


class ResponseCache(Generic[T]):
    """The responses for one kind of entity in one worker; the least recently used entries are evicted."""

    def __init__(
        self, load: Load[T], *, sizeof: Callable[[T], int], max_bytes: int, is_current: Callable[[], bool]
    ) -> None:
        """`sizeof` returns the bytes of a value; `is_current` returns whether all invalidations have arrived."""
        self._load = load
        self._sizeof = sizeof
        self._is_current = is_current
        self._entries: LRUCache[int, _Entry[T]] = LRUCache(max_bytes, getsizeof=lambda entry: entry.size)
        self._loads: set[_Loading] = set()
        self.events: Counter[str] = Counter()
        """Number of hits, misses, bypasses, invalidations and evictions."""

    @property
    def size_bytes(self) -> int:
        """Size of all entries."""
        return int(self._entries.currsize)

    async def get(self, entity_id: int) -> T | None:
        """Returns the value of one id; None if it does not exist."""
        if self._is_usable():
            entry = self._entries.get(entity_id)
            if entry is not None and entry.expires_at >= time.monotonic():
                self.events["hits"] += 1
                return entry.value
        return (await self.get_many([entity_id])).get(entity_id)

    async def get_many(self, ids: Collection[int]) -> dict[int, T]:
        """Returns the values of those ids that exist, and loads all that are missing at once."""
        if not self._is_usable():
            self.events["bypasses"] += len(ids)
            return dict(await self._load(ids))
        found, missing = self._find(ids)
        if missing:
            found.update(await self._fill(missing))
        return found

    def invalidate(self, ids: Iterable[int]) -> None:
        """Drops the entries of these ids, including those that are loading."""
        ids = list(ids)
        for entity_id in ids:
            if self._entries.pop(entity_id, None) is not None:
                self.events["invalidations"] += 1
        for loading in self._loads:
            loading.valid_ids.difference_update(ids)

    def clear(self) -> None:
        """Drops every entry."""
        self.events["invalidations"] += len(self._entries)
        self._entries.clear()
        for loading in self._loads:
            loading.valid_ids.clear()

    def _is_usable(self) -> bool:
        return self._is_current() and not within_transaction()

    def _find(self, ids: Iterable[int]) -> tuple[dict[int, T], list[int]]:
        now, entries = time.monotonic(), self._entries
        found: dict[int, T] = {}
        missing = []
        for entity_id in ids:
            entry = entries.get(entity_id)
            if entry is None or entry.expires_at < now:
                missing.append(entity_id)
            else:
                found[entity_id] = entry.value
        self.events["hits"] += len(found)
        self.events["misses"] += len(missing)
        return found, missing

    async def _fill(self, ids: Collection[int]) -> Mapping[int, T]:
        loading = _Loading(ids)
        self._loads.add(loading)
        try:
            loaded = await self._load(ids)
        finally:
            self._loads.discard(loading)
        expires_at = time.monotonic() + MAX_AGE
        for entity_id, value in loaded.items():
            if entity_id in loading.valid_ids:
                self._store(entity_id, _Entry(value, OVERHEAD + self._sizeof(value), expires_at))
        return loaded

    def _store(self, entity_id: int, entry: _Entry[T]) -> None:
        if entry.size > self._entries.maxsize:
            return
        expected = len(self._entries) + (entity_id not in self._entries)
        self._entries[entity_id] = entry
        if evicted := expected - len(self._entries):
            self.events["evictions"] += evicted


class _Loading:
    """A load in progress, and those of its ids that were not invalidated since it began."""

    def __init__(self, ids: Iterable[int]) -> None:
        self.valid_ids = set(ids)
