"""Watches of the change feed: each reads at the pace of its client, and waits for new changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from service.auth.principal import Principal
from service.catalog.changes.service import ChangeFeed, ChangePage, Entity
from service.catalog.errors import TooManyWatches
from service.database.listener import Channel, Listener
from service.database.pool import DatabaseUnreachable
from service.ratelimit.concurrency import ConcurrencyLimit

PAGE_SIZE = 500
MAX_WATCHES = 4
"""Watches of one caller on one worker."""
MAX_READERS = 2
"""Watches of a worker that read at the same time. A change wakes all watches, and other calls need connections, too."""
HEARTBEAT = 15.0
"""Seconds without changes after which a watch sends its cursor."""
INTERVAL = 1.0
"""Seconds between two polls without a notification. A pooler passes no notifications, and PostgreSQL sends none when a
transaction without changes ends that delayed the changes of others."""
COLLECTION_DELAY = 0.05
"""Seconds for which notifications are collected."""
NEWEST = """
SELECT xid::text, id FROM catalog_changes
WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY catalog_changes.xid DESC, id DESC LIMIT 1
"""


class ChangeWatches:
    """The watches of one worker."""

    def __init__(self, *, feed: ChangeFeed, listener: Listener, heartbeat: float = HEARTBEAT) -> None:
        self._feed = feed
        self._listener = listener
        self._heartbeat = heartbeat
        self._limit = ConcurrencyLimit(MAX_WATCHES, error=TooManyWatches)
        self._readers = asyncio.Semaphore(MAX_READERS)
        self._events: set[asyncio.Event] = set()
        self._polling: asyncio.Task[None] | None = None

    async def watch_changes(
        self, *, caller: Principal, cursor: str, entity: Entity | None
    ) -> AsyncGenerator[ChangePage]:
        """Yields changes in the order of the feed, after the cursor, or after the call if the cursor is empty.

        Yields once at the beginning, and after each heartbeat without changes, even if there is only a new cursor. Does
        not read ahead. Raises CursorInvalid, CursorExpired, TooManyWatches.
        """
        with self._limit.acquire((caller.user_id, caller.subject)):
            async with self._new_changes() as has_new:
                cursor = cursor or await self._feed.make_current_cursor()
                due = 0.0
                while True:
                    has_new.clear()
                    async with self._readers:
                        page = await self._feed.list_changes(cursor=cursor, size=PAGE_SIZE, entity=entity)
                    cursor = page.next_cursor
                    if page.changes or asyncio.get_running_loop().time() >= due:
                        yield page
                        due = asyncio.get_running_loop().time() + self._heartbeat
                    if not page.has_more:
                        with suppress(TimeoutError):
                            async with asyncio.timeout_at(due):
                                await has_new.wait()

    @asynccontextmanager
    async def _new_changes(self) -> AsyncIterator[asyncio.Event]:
        """Gives an event that is set when the feed has new changes or cannot be read, and sometimes for no reason."""
        event = asyncio.Event()
        self._events.add(event)
        if self._polling is None:
            self._polling = asyncio.create_task(self._keep_polling(), name="change watches")
        try:
            yield event
        finally:
            self._events.discard(event)
            if not self._events:
                await self._stop_polling()

    async def _stop_polling(self) -> None:
        # Cleared first, so that a watch that begins while this task ends starts another task.
        task, self._polling = self._polling, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_polling(self) -> None:
        """Reads the newest change once for all watches, so that a silent feed costs one query a second."""
        newest: asyncpg.Record | None = None
        with self._listener.wakeups(Channel.CATALOG_CHANGES) as notified:
            while True:
                notified.clear()
                found = await self._find_newest()
                if found != newest:
                    newest = found
                    for event in self._events:
                        event.set()
                await asyncio.sleep(COLLECTION_DELAY)
                with suppress(TimeoutError):
                    # Unlike wait_for of Python 3.11, this never loses a cancellation.
                    async with asyncio.timeout(INTERVAL):
                        await notified.wait()

    async def _find_newest(self) -> asyncpg.Record | None:
        try:
            rows = await self._listener.fetch(NEWEST)
        except DatabaseUnreachable:
            return None
        return rows[0] if rows else None
