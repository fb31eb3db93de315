"""News of files: one connection of a worker listens for those whose state changes, while somebody watches one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import structlog

from service.settings import Pooler, Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
CHANNEL = "marquee_files"
"""A payload is a file's id."""
INTERVAL = 1.0
"""Seconds between two looks where no announcement comes through, and between two attempts to connect."""
TIMEOUT = 2.0


class FileNews:
    """Wakes whoever follows a file when its state has changed; connected only while somebody follows one."""

    def __init__(self, settings: Settings) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._can_listen = settings.database_pooler is Pooler.NONE
        self._followers: dict[int, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def followed(self, file_id: int) -> AsyncIterator[asyncio.Event]:
        """Gives an event that is set when the file's state changes, and whenever news may have been missed."""
        event = asyncio.Event()
        self._followers[file_id].add(event)
        if self._task is None:
            self._task = asyncio.create_task(self._keep_listening(), name="file news")
        try:
            yield event
        finally:
            self._followers[file_id].discard(event)
            if not self._followers[file_id]:
                del self._followers[file_id]
            if not self._followers:
                await self._stop()

    async def _stop(self) -> None:
        # Forgotten first: who follows while this one ends begins another.
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_listening(self) -> None:
        while True:
            if self._can_listen:
                await self._listen()
            self._wake_all()
            await asyncio.sleep(INTERVAL)

    async def _listen(self) -> None:
        """Returns when the connection is lost, or none is made."""
        database: asyncpg.Connection[asyncpg.Record] | None = None
        lost = asyncio.Event()
        try:
            async with asyncio.timeout(TIMEOUT):
                database = await asyncpg.connect(self._database_url, statement_cache_size=0)
                database.add_termination_listener(lambda *_: lost.set())
                await database.add_listener(CHANNEL, self._hear)
            # What happened before it listened.
            self._wake_all()
            await _until_silent(database, lost)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from listening, it must go on trying
            log.warning("files.unheard", error=type(error).__name__)
        finally:
            if database is not None:
                database.terminate()

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: Any) -> None:
        for event in self._followers.get(int(payload), ()):
            event.set()

    def _wake_all(self) -> None:
        for events in self._followers.values():
            for event in events:
                event.set()


async def _until_silent(database: asyncpg.Connection[asyncpg.Record], lost: asyncio.Event) -> None:
    """Returns when a connection is lost; raises when it does not answer, as one that broke without a word."""
    while not lost.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(lost.wait(), INTERVAL * 5)
        if not lost.is_set():
            async with asyncio.timeout(TIMEOUT):
                await database.execute("SELECT")
