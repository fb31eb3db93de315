"""Watching the change feed: each watch reads at its own pace, and is woken when there is something to read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from service.auth.principal import Principal
from service.catalog.changes.change_listener import ChangeNews
from service.catalog.changes.service import ChangeFeed
from service.catalog.changes.values import ChangePage, Entity
from service.catalog.errors import TooManyWatches
from service.ratelimit.concurrency import ConcurrencyLimit

PAGE_SIZE = 500
WATCHES = 4
"""Of one caller, on one worker."""
READERS = 2
"""Watches of a worker that read at once: a change wakes all of them, and the connections are for everybody."""


class ChangeWatches:
    """The watches of one worker."""

    def __init__(self, *, feed: ChangeFeed, news: ChangeNews, heartbeat: float) -> None:
        """`heartbeat`: seconds of silence after which a watch says that it is there still."""
        self._feed = feed
        self._news = news
        self._heartbeat = heartbeat
        self._concurrency_limit = ConcurrencyLimit(WATCHES, error=TooManyWatches)
        self._readers = asyncio.Semaphore(READERS)

    async def watch_changes(
        self, *, caller: Principal, cursor: str, entity: Entity | None
    ) -> AsyncGenerator[ChangePage]:
        """Yields changes as the feed tells them, from the cursor on, or from now on where it is empty.

        At the beginning, and after each silence of a heartbeat, it yields what there is, if only the cursor. Nothing
        is read ahead. Raises CursorInvalid, CursorExpired, TooManyWatches.
        """
        with self._concurrency_limit.acquire((caller.user_id, caller.subject)):
            async with self._news.followed() as news:
                cursor = cursor or await self._feed.cursor_of_now()
                due = 0.0
                while True:
                    news.clear()
                    async with self._readers:
                        page = await self._feed.list_changes(cursor=cursor, size=PAGE_SIZE, entity=entity)
                    cursor = page.next_cursor
                    if page.changes or asyncio.get_running_loop().time() >= due:
                        yield page
                        due = asyncio.get_running_loop().time() + self._heartbeat
                    if not page.has_more:
                        with suppress(TimeoutError):
                            async with asyncio.timeout_at(due):
                                await news.wait()
