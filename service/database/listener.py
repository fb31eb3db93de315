"""Listener: one connection per worker for all PostgreSQL notifications.

PostgreSQL delivers a notification after the writing transaction has committed, and never if it rolls back. Before it
reports that it is ready for the next statement, it delivers the notifications of all transactions that committed
earlier. So one round trip on the listening connection proves that everything committed before has arrived.

No notification passes a pooler that shares connections between clients. Behind one, and while the connection is lost,
subscribers receive None once a second: they then poll, or serve without their caches.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import asyncpg
import structlog

from service.database.pool import DatabaseUnreachable, unreachable
from service.settings import Pooler, Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
Subscriber: TypeAlias = Callable[[str | None], None]
"""Receives the payload of a notification, or None if notifications may have been missed."""
APPLICATION_NAME = "marquee listener"
"""Name of the connection in pg_stat_activity."""
INTERVAL = 1.0
"""Seconds between two round trips that prove that the connection works."""
TIMEOUT = 1.0
"""Seconds that a statement may take, including a new connection."""
STALE_AFTER = 3.0
"""Seconds without a successful round trip after which notifications count as missed."""
OWN_WRITES_TIMEOUT = 0.5
"""Seconds that a writer waits for its own notifications at most."""


class Channel(enum.StrEnum):
    """All notification channels."""

    CACHE_INVALIDATIONS = "marquee_cache_invalidations"
    """Kind, seconds since 1970 and ids of written rows, separated by colons."""
    CATALOG_CHANGES = "marquee_changes"
    """Empty: the change feed has new rows."""
    FILES = "marquee_files"
    """Id of a file whose state changed."""
    REVOCATIONS = "marquee_revocations"
    """Empty: there are new revocations."""
    RECOMMENDATION_MODELS = "marquee_recommendation_models"
    """Version of the model that became active."""


class Listener:
    """The listening connection of one worker; connects again whenever it is lost."""

    def __init__(self, settings: Settings) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._can_listen = settings.database_pooler is Pooler.NONE
        self._subscribers: defaultdict[str, list[Subscriber]] = defaultdict(list)
        self._database: asyncpg.Connection[asyncpg.Record] | None = None
        self._confirmed_at = float("-inf")
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, channel: Channel, subscriber: Subscriber) -> None:
        """Calls the subscriber for each notification of a channel, and with None if some may have been missed."""
        self._subscribers[channel].append(subscriber)

    @contextmanager
    def wakeups(self, channel: Channel, payload: str | None = None) -> Iterator[asyncio.Event]:
        """Gives an event that is set by notifications, of this payload only if given, and if some may be missed."""
        event = asyncio.Event()

        def wake(received: str | None) -> None:
            if payload is None or received is None or received == payload:
                event.set()

        self._subscribers[channel].append(wake)
        try:
            yield event
        finally:
            self._subscribers[channel].remove(wake)

    def is_current(self) -> bool:
        """Returns whether every notification older than STALE_AFTER seconds has arrived."""
        return self._can_listen and time.monotonic() - self._confirmed_at < STALE_AFTER

    async def start(self) -> None:
        """Connects and keeps the connection; an unreachable database is no error."""
        await self._check()
        self._task = asyncio.create_task(self._keep_checking(), name="listener")

    async def close(self) -> None:
        """Closes the connection."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._disconnect()

    async def wait_for_own_writes(self) -> None:
        """Returns after the notifications of all transactions committed before the call have arrived.

        Costs one round trip, which concurrent callers share. Returns early if the connection is lost: caches are then
        empty anyway.
        """
        called_at = time.monotonic()
        if self._database is None or not self._can_listen:
            return
        async with self._lock:
            if self._confirmed_at < called_at and self._database is not None:
                with suppress(DatabaseUnreachable):
                    await self._fetch("SELECT 1", timeout=OWN_WRITES_TIMEOUT)

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Runs a short statement on the listening connection, independent of a busy pool, and returns its rows.

        Raises DatabaseUnreachable for every failure, and if the listener is not started.
        """
        if self._task is None:
            raise unreachable()
        async with self._lock:
            return await self._fetch(statement, *values, timeout=TIMEOUT)

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            await self._check()

    async def _check(self) -> None:
        if self._can_listen:
            async with self._lock:
                with suppress(DatabaseUnreachable):
                    await self._fetch("SELECT 1", timeout=TIMEOUT)
        if not self.is_current():
            self._publish_gap()

    async def _fetch(self, statement: str, *values: Any, timeout: float) -> list[asyncpg.Record]:  # noqa: ASYNC109 - the connection must be dropped, too
        started_at = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                database = self._database or await self._connect()
                rows = await database.fetch(statement, *values)
        except Exception as error:
            self._disconnect()
            log.warning("listener.disconnected", error=type(error).__name__)
            raise unreachable() from error
        self._confirmed_at = started_at
        return rows

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        # A pooler that shares connections refuses session parameters.
        settings = {"application_name": APPLICATION_NAME} if self._can_listen else None
        database: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            self._database_url, statement_cache_size=0, server_settings=settings
        )
        # Assigned before it listens, so that it is closed if that fails.
        self._database = database
        database.add_termination_listener(self._on_terminated)
        if self._can_listen:
            for channel in Channel:
                await database.add_listener(channel, self._publish)
            # Notifications sent while no connection listened are unknown.
            self._publish_gap()
        return database

    def _on_terminated(self, database: Any) -> None:
        if database is self._database:
            self._disconnect()

    def _disconnect(self) -> None:
        database, self._database = self._database, None
        self._confirmed_at = float("-inf")
        if database is not None:
            database.terminate()
            self._publish_gap()

    def _publish(self, _connection: Any, _pid: int, channel: str, payload: object) -> None:
        for subscriber in tuple(self._subscribers[channel]):
            subscriber(str(payload))

    def _publish_gap(self) -> None:
        for subscribers in self._subscribers.values():
            for subscriber in tuple(subscribers):
                subscriber(None)
