"""The model that a worker serves from: loaded from the database, replaced in one step when another becomes active."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import structlog

from service.recommendations.model.loading import load_model
from service.recommendations.model.scoring import ServingModel
from service.recommendations.model.storage import CHANNEL, find_active_version
from service.settings import Pooler, Settings

__all__ = ("ActiveModel", "ServingModel")

log: structlog.stdlib.BoundLogger = structlog.get_logger()
INTERVAL = 15.0
"""Seconds between two looks without an announcement: none comes through a pooler, nor while the connection is lost."""
RETRY = 1.0
TIMEOUT = 5.0
LOADING_TIMEOUT = 300.0


class ActiveModel:
    """Holds this worker's copy of the active model, on a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._listens = settings.database_pooler is Pooler.NONE
        self._database: asyncpg.Connection[asyncpg.Record] | None = None
        self._model: ServingModel | None = None
        self._announced = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def current(self) -> ServingModel | None:
        """Returns the model that this worker knows to be active; None before the first is loaded or trained.

        What is returned stays whole and usable while another takes its place.
        """
        return self._model

    def start(self) -> None:
        """Begins to load and to listen; serving does not wait for it, and an absent database is no error."""
        self._task = asyncio.create_task(self._keep_current(), name="active model")

    async def close(self) -> None:
        """Ends the listening and its connection."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._drop_connection()

    async def _keep_current(self) -> None:
        while True:
            self._announced.clear()
            if not await self._try_to_refresh():
                # Ending a connection announces itself, so the event cannot be waited for here.
                await asyncio.sleep(RETRY)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._announced.wait(), INTERVAL)

    async def _try_to_refresh(self) -> bool:
        try:
            await self._refresh()
        except Exception as error:  # noqa: BLE001 - whatever keeps it from loading, it must go on trying
            self._drop_connection()
            log.warning("recommendations.unloaded", error=type(error).__name__)
            return False
        return True

    async def _refresh(self) -> None:
        async with asyncio.timeout(TIMEOUT):
            database = await self._connected()
            version = await find_active_version(database)
        if version == (self._model.version if self._model else None):
            return
        if version is None:
            self._model = None
            return
        async with asyncio.timeout(LOADING_TIMEOUT):
            self._model = await load_model(database, version)
        log.info("recommendations.loaded", version=version, megabytes=round(self._model.size_bytes / 1e6, 1))

    async def _connected(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._database is None or self._database.is_closed():
            # Kept at once, so that it is closed whatever comes next.
            self._database = await asyncpg.connect(self._database_url, statement_cache_size=0)
            self._database.add_termination_listener(lambda _: self._announced.set())
            if self._listens:
                announce: Callable[..., Awaitable[None] | None] = lambda *_: self._announced.set()  # noqa: E731 - typed
                await self._database.add_listener(CHANNEL, announce)
        return self._database

    def _drop_connection(self) -> None:
        if self._database is not None:
            self._database.terminate()
            self._database = None
