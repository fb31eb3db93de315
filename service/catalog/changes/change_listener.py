"""News of changes: one connection of a worker listens, so that its streams need not ask again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg
import structlog

from service.settings import Pooler, Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
CHANNEL = "marquee_changes"
INTERVAL = 1.0
"""Seconds between two looks without an announcement: none comes through a pooler, and none when a transaction ends
that only kept the changes of others back."""
PAUSE = 0.05
"""Seconds that announcements are gathered for."""
TIMEOUT = 2.0
NEWEST = """
SELECT xid::text, id FROM catalog_changes
WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY catalog_changes.xid DESC, id DESC LIMIT 1
"""


class ChangeNews:
    """Wakes whoever follows when the feed has something new; connected only while somebody does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._followers: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[asyncio.Event]:
        """Gives an event that is set by whatever is new, and when the connection is lost; also for no reason."""
        event = asyncio.Event()
        self._followers.add(event)
        if self._task is None:
            self._task = asyncio.create_task(self._keep_looking(), name="change news")
        try:
            yield event
        finally:
            self._followers.discard(event)
            if not self._followers:
                await self._stop()

    async def _stop(self) -> None:
        # Forgotten first: who follows while this one ends begins another.
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_looking(self) -> None:
        newest: asyncpg.Record | None = None
        lookout = _Lookout(self._settings)
        try:
            while True:
                found = await lookout.find_newest()
                if found != newest:
                    newest = found
                    for event in self._followers:
                        event.set()
                await lookout.wait()
        finally:
            lookout.close()


class _Lookout:
    """The connection, made anew whenever it is lost."""

    def __init__(self, settings: Settings) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._listens = settings.database_pooler is Pooler.NONE
        self._database: asyncpg.Connection[asyncpg.Record] | None = None
        self._announced = asyncio.Event()

    async def find_newest(self) -> asyncpg.Record | None:
        """Returns the place of the newest change that the feed tells, None when it cannot be found out."""
        self._announced.clear()
        try:
            async with asyncio.timeout(TIMEOUT):
                database = self._database or await self._connect()
                return await database.fetchrow(NEWEST)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from looking, it must go on trying
            self.close()
            log.warning("changes.unheard", error=type(error).__name__)
            return None

    async def wait(self) -> None:
        """Returns when it is time to look again."""
        await asyncio.sleep(PAUSE)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._announced.wait(), INTERVAL)

    def close(self) -> None:
        """Ends the connection."""
        if self._database is not None:
            self._database.terminate()
            self._database = None

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        database: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self._database_url, statement_cache_size=0)
        # Kept before it listens: from here on it must be ended, however this ends.
        self._database = database
        if self._listens:
            announce: Callable[..., Awaitable[None] | None] = lambda *_: self._announced.set()  # noqa: E731 - typed
            await database.add_listener(CHANNEL, announce)
        return database
