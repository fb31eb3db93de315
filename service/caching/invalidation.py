"""News of written rows, by which each worker forgets the replies that show them.

Triggers announce the ids in the writing transaction, so PostgreSQL delivers them once it has committed and to nobody
when it is undone. A connection that is silent for STALE_AFTER seconds counts as lost: replies are then read from the
database until another one listens, which begins with nothing kept.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import asyncpg
import structlog

from service.settings import Pooler, Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
CHANNEL = "marquee_replies"
"""A payload is the kind, the seconds since 1970 and the ids, parted by colons."""
ALL = "*"
GATHERING = 0.05
"""Seconds."""
INTERVAL = 1.0
TIMEOUT = 1.0
STALE_AFTER = 3.0
"""Seconds: how old an invalidation can get that a broken connection keeps back."""
SETTLING = 0.5
"""Seconds that a writer waits for its own news at most."""


class ReplyMetrics(Protocol):
    """Where figures about kept replies go."""

    def replies_kept(self, kind: str, events: Mapping[str, int], size_bytes: int) -> None:
        """Takes how often a cache did what since its beginning, and what it holds."""
        ...

    def reply_invalidated(self, kind: str, delay: float) -> None:
        """Takes the seconds from a write's announcement to its arrival."""
        ...


class Kept(Protocol):
    """What is kept about a kind of entity."""

    size_bytes: int

    @property
    def events(self) -> Mapping[str, int]:
        """How often it did what since its beginning."""
        ...

    def invalidate(self, ids: Iterable[int]) -> None:
        """Forgets what shows these entities."""
        ...

    def clear(self) -> None:
        """Forgets everything."""
        ...


class ReplyNews:
    """One worker's ear for what is written, and the caches that it keeps true."""

    def __init__(self, settings: Settings, *, metrics: ReplyMetrics) -> None:
        self._database_url = settings.database_url.get_secret_value()
        # No announcement comes through a pooler that changes connections under its clients.
        self._can_listen = settings.database_pooler is Pooler.NONE
        self._metrics = metrics
        self._caches: Mapping[str, Mapping[str, Kept]] = {}
        self._database: asyncpg.Connection[asyncpg.Record] | None = None
        self._heard_at = float("-inf")
        self._asking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._unsent: defaultdict[str, set[int]] = defaultdict(set)
        self._sending: asyncio.Task[None] | None = None

    def hears_all(self) -> bool:
        """Tells whether every announcement older than STALE_AFTER seconds has arrived."""
        return time.monotonic() - self._heard_at < STALE_AFTER

    def keep_true(self, caches: Mapping[str, Mapping[str, Kept]]) -> None:
        """Takes the caches by name, by the kind of entity whose announcements concern them."""
        self._caches = caches

    async def start(self) -> None:
        """Listens, once and then again whenever the connection is lost; an absent database is no error."""
        if self._can_listen:
            await self._ask("SELECT 1")
            self._task = asyncio.create_task(self._keep_listening(), name="reply news")

    async def close(self) -> None:
        """Ends the listening and its connection."""
        for task in (self._sending, self._task):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self._drop_connection()

    async def settle(self) -> None:
        """Returns when everything that was committed before has been heard here.

        PostgreSQL delivers what is pending before it says that it is ready again, so one round trip is enough.
        A connection that does not answer soon is dropped.
        """
        if self._database is not None:
            await self._ask("SELECT 1", seconds=SETTLING)

    async def announce(self, kind: str, ids: Collection[int]) -> None:
        """Makes every worker forget the replies of some ids soon, this one at once.

        For transactions that do not announce what they wrote: announcing would put their commits in a row. Many calls
        are gathered into one announcement; one that is lost costs no more than the caches' MAX_AGE.
        """
        self._forget(kind, ids)
        self._unsent[kind].update(ids)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_soon(), name="reply announcements")

    async def _send_soon(self) -> None:
        await asyncio.sleep(GATHERING)
        self._sending = None
        unsent, self._unsent = self._unsent, defaultdict(set)
        for kind, ids in unsent.items():
            await self._ask("SELECT announce_replies($1, $2)", kind, sorted(ids))

    async def _keep_listening(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            await self._ask("SELECT 1")
            for name, cache in {name: cache for kept in self._caches.values() for name, cache in kept.items()}.items():
                self._metrics.replies_kept(name, cache.events, cache.size_bytes)

    async def _ask(self, statement: str, *values: Any, seconds: float = TIMEOUT) -> None:
        """Sends a statement over the listening connection; what arrives with its answer has been heard."""
        async with self._asking:
            asked_at = time.monotonic()
            try:
                async with asyncio.timeout(seconds):
                    database = self._database or await self._connect()
                    await database.execute(statement, *values)
            except Exception as error:  # noqa: BLE001 - whatever keeps it from listening, it must go on trying
                self._drop_connection()
                log.warning("replies.unheard", error=type(error).__name__)
            else:
                self._heard_at = asked_at

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        database: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self._database_url)
        # Kept before it listens: from here on it must be ended, however this ends.
        self._database = database
        await database.add_listener(CHANNEL, self._hear)
        # What was written while nobody listened is unknown.
        self._forget_all()
        return database

    def _drop_connection(self) -> None:
        self._heard_at = float("-inf")
        self._forget_all()
        if self._database is not None:
            self._database.terminate()
            self._database = None

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        kind, announced_at, ids = str(payload).split(":")
        if ids == ALL:
            for cache in self._caches[kind].values():
                cache.clear()
        else:
            self._forget(kind, map(int, ids.split(",")))
        self._metrics.reply_invalidated(kind, max(0.0, time.time() - float(announced_at)))

    def _forget(self, kind: str, ids: Iterable[int]) -> None:
        ids = list(ids)
        for cache in self._caches[kind].values():
            cache.invalidate(ids)

    def _forget_all(self) -> None:
        for caches in self._caches.values():
            for cache in caches.values():
                cache.clear()
