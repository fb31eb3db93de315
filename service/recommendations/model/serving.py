"""Active model: the copy that a worker serves from, replaced in one step when another model becomes active."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg
import structlog

from service.database.listener import Channel, Listener
from service.recommendations.model.loading import load_model
from service.recommendations.model.scoring import ServingModel
from service.recommendations.model.storage import ACTIVE_VERSION
from service.settings import Settings

__all__ = ("ActiveModel", "ServingModel")

log: structlog.stdlib.BoundLogger = structlog.get_logger()
RETRY_AFTER = 1.0
"""Seconds between two attempts to load a model."""
CONNECT_TIMEOUT = 5.0
LOAD_TIMEOUT = 300.0
"""Seconds."""


class ActiveModel:
    """This worker's copy of the active model."""

    def __init__(self, settings: Settings, *, listener: Listener) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._listener = listener
        self._model: ServingModel | None = None
        self._task: asyncio.Task[None] | None = None

    def current(self) -> ServingModel | None:
        """Returns the model that this worker knows to be active; None before one is loaded or trained.

        The returned model stays complete and usable while another one replaces it.
        """
        return self._model

    def start(self) -> None:
        """Starts loading; serving does not wait for it, and an unreachable database is no error."""
        self._task = asyncio.create_task(self._keep_current(), name="active model")

    async def close(self) -> None:
        """Stops loading."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_current(self) -> None:
        with self._listener.wakeups(Channel.RECOMMENDATION_MODELS) as notified:
            while True:
                notified.clear()
                if await self._try_to_refresh():
                    await notified.wait()
                else:
                    await asyncio.sleep(RETRY_AFTER)

    async def _try_to_refresh(self) -> bool:
        try:
            await self._refresh()
        except Exception as error:  # noqa: BLE001 - it must try again, whatever the cause
            log.warning("model.load_failed", error=type(error).__name__)
            return False
        return True

    async def _refresh(self) -> None:
        rows = await self._listener.fetch(ACTIVE_VERSION)
        version: int | None = rows[0]["id"] if rows else None
        if version == (self._model.version if self._model else None):
            return
        if version is None:
            self._model = None
            return
        self._model = await self._load(version)
        log.info("model.loaded", version=version, megabytes=round(self._model.size_bytes / 1e6, 1))

    async def _load(self, version: int) -> ServingModel:
        # A connection of its own: loading takes longer than the pool's callers may wait.
        database = await asyncpg.connect(self._database_url, statement_cache_size=0, timeout=CONNECT_TIMEOUT)
        try:
            async with asyncio.timeout(LOAD_TIMEOUT):
                return await load_model(database, version)
        finally:
            database.terminate()
