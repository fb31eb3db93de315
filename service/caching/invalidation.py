"""Cache invalidation: each worker drops the cached entries of rows that any worker has written.

Triggers notify the ids in the writing transaction. While the listener is not current, the caches are empty and
bypassed.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from service.database.listener import Channel, Listener
from service.database.pool import DatabaseUnreachable

ALL = "*"
ANNOUNCEMENT_DELAY = 0.05
"""Seconds for which announcements are collected."""
METRICS_INTERVAL = 1.0


class CacheMetrics(Protocol):
    """Receiver of the caches' metrics."""

    def update_cache(self, kind: str, events: Mapping[str, int], size_bytes: int) -> None:
        """Takes the number of events of a cache since its start, and its size."""
        ...

    def cache_invalidated(self, kind: str, delay: float) -> None:
        """Takes the seconds between a write's notification and its arrival."""
        ...


class Cache(Protocol):
    """A cache that can drop entries."""

    @property
    def size_bytes(self) -> int:
        """Size of all entries."""
        ...

    @property
    def events(self) -> Mapping[str, int]:
        """Number of hits, misses, bypasses, invalidations and evictions since the start."""
        ...

    def invalidate(self, ids: Iterable[int]) -> None:
        """Drops the entries that show these entities."""
        ...

    def clear(self) -> None:
        """Drops every entry."""
        ...


class CacheInvalidation:
    """Passes notifications about written entities to the caches of one worker."""

    def __init__(self, listener: Listener, *, metrics: CacheMetrics | None = None) -> None:
        self._listener = listener
        self._metrics = metrics
        self._caches: dict[str, Cache] = {}
        self._caches_of: defaultdict[str, list[Cache]] = defaultdict(list)
        self._unsent: defaultdict[str, set[int]] = defaultdict(set)
        self._sending: asyncio.Task[None] | None = None
        self._reporting: asyncio.Task[None] | None = None
        listener.subscribe(Channel.CACHE_INVALIDATIONS, self._on_notification)

    def register(self, name: str, cache: Cache, *, entities: Collection[str]) -> None:
        """Invalidates the cache by notifications about these kinds of entity; `name` labels its metrics."""
        self._caches[name] = cache
        for entity in entities:
            self._caches_of[entity].append(cache)

    def start(self) -> None:
        """Starts reporting metrics."""
        if self._metrics is not None:
            self._reporting = asyncio.create_task(self._keep_reporting(self._metrics), name="cache metrics")

    async def close(self) -> None:
        """Stops all tasks; announcements that are not sent yet are lost."""
        for task in (self._sending, self._reporting):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def announce(self, entity: str, ids: Collection[int]) -> None:
        """Invalidates entries soon on every worker, and at once on this one.

        For transactions that do not notify, because NOTIFY would serialize their commits. Announcements are collected
        for ANNOUNCEMENT_DELAY seconds. A lost one delays the change by the caches' maximum age.
        """
        self._invalidate(entity, ids)
        self._unsent[entity].update(ids)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_soon(), name="cache announcements")

    async def _send_soon(self) -> None:
        await asyncio.sleep(ANNOUNCEMENT_DELAY)
        self._sending = None
        unsent, self._unsent = self._unsent, defaultdict(set)
        for entity, ids in unsent.items():
            with suppress(DatabaseUnreachable):
                await self._listener.fetch("SELECT notify_cache_invalidation($1, $2)", entity, sorted(ids))

    async def _keep_reporting(self, metrics: CacheMetrics) -> None:
        while True:
            await asyncio.sleep(METRICS_INTERVAL)
            for name, cache in self._caches.items():
                metrics.update_cache(name, cache.events, cache.size_bytes)

    def _on_notification(self, payload: str | None) -> None:
        if payload is None:
            for cache in self._caches.values():
                cache.clear()
            return
        entity, sent_at, ids = payload.split(":")
        if ids == ALL:
            for cache in self._caches_of[entity]:
                cache.clear()
        else:
            self._invalidate(entity, map(int, ids.split(",")))
        if self._metrics is not None:
            self._metrics.cache_invalidated(entity, max(0.0, time.time() - float(sent_at)))

    def _invalidate(self, entity: str, ids: Iterable[int]) -> None:
        ids = list(ids)
        for cache in self._caches_of[entity]:
            cache.invalidate(ids)
