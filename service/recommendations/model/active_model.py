"""Active model: the copy that a worker serves from, replaced in one step when another model becomes active."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg
import numpy as np
import structlog
from numpy.typing import NDArray

from service.database.listener import Channel, Listener
from service.recommendations.errors import RecommendationModelNotFound
from service.recommendations.model.binary_copy import Connection, copy_bytes, decode_array, decode_rows
from service.recommendations.model.scoring import ServingModel, SparseWeights, WeightRow
from service.recommendations.model.storage import ACTIVE_VERSION
from service.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
RETRY_AFTER = 1.0
"""Seconds between two attempts to load a model."""
CONNECT_TIMEOUT = 5.0
"""In seconds."""
LOAD_TIMEOUT = 300.0
"""In seconds."""
PART = 500
"""Number of movies in a part of a model: the bytes of one part are in memory at a time."""
MOVIE_IDS = """
SELECT coalesce(array_agg(movie_id ORDER BY movie_id), '{}') FROM movie_neighbors WHERE model_id = $1
"""
NEIGHBORS = """
SELECT movie_id, neighbor_ids, weights, similar_ids, similarities
FROM movie_neighbors WHERE model_id = $1 AND movie_id BETWEEN $2 AND $3 ORDER BY movie_id
"""


class ActiveModel:
    """This worker's copy of the active model."""

    def __init__(self, settings: Settings, *, listener: Listener) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._listener = listener
        self._model: ServingModel | None = None
        self._task: asyncio.Task[None] | None = None

    def current(self) -> ServingModel | None:
        """Returns the active model, or None before one is loaded or trained.

        The returned model stays complete and usable while another one replaces it.
        """
        return self._model

    def start(self) -> None:
        """Starts loading. It does not delay the server, and an unreachable database is no error."""
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
        except Exception as error:  # noqa: BLE001 - any failure is logged and retried
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
        # A separate connection, because loading takes longer than the statement timeout of the pool.
        database = await asyncpg.connect(self._database_url, statement_cache_size=0, timeout=CONNECT_TIMEOUT)
        try:
            async with asyncio.timeout(LOAD_TIMEOUT):
                return await load_model(database, version)
        finally:
            database.terminate()


async def load_model(database: Connection, version: int) -> ServingModel:
    """Returns a model from one snapshot; raises RecommendationModelNotFound.

    Movies that were deleted after the training are left out. Threads decode the model, so the event loop is not
    blocked.
    """
    async with database.transaction(isolation="repeatable_read", readonly=True):
        complete = await database.fetchval(
            "SELECT id FROM recommendation_models WHERE id = $1 AND completed_at IS NOT NULL", version
        )
        if complete is None:
            raise RecommendationModelNotFound(f"there is no model {version}")
        ids = np.array(await database.fetchval(MOVIE_IDS, version), np.int32)
        rows = _ModelRows(ids)
        for start in range(0, len(ids), PART):
            last = min(start + PART, len(ids)) - 1
            data = await copy_bytes(database, NEIGHBORS, version, int(ids[start]), int(ids[last]))
            await asyncio.to_thread(rows.decode, data)
    return await asyncio.to_thread(rows.to_model, version)


class _ModelRows:
    """Decoded rows of a model."""

    def __init__(self, movie_ids: NDArray[np.int32]) -> None:
        self._movie_ids = movie_ids
        self._weights: list[WeightRow] = []
        self._similar: list[WeightRow] = []

    def decode(self, data: bytearray) -> None:
        """Adds the rows of a COPY of the next movies."""
        for _, neighbors, weights, similar, similarities in decode_rows(data):
            self._weights.append(self._known(decode_array(neighbors, "i4"), decode_array(weights, "f4")))
            self._similar.append(self._known(decode_array(similar, "i4"), decode_array(similarities, "f4")))

    def to_model(self, version: int) -> ServingModel:
        """Returns the model of all rows."""
        weights = SparseWeights.from_rows(self._weights).transposed(len(self._movie_ids))
        return ServingModel(version, self._movie_ids, weights, SparseWeights.from_rows(self._similar))

    def _known(self, ids: NDArray[np.int32], values: NDArray[np.float32]) -> WeightRow:
        positions = np.searchsorted(self._movie_ids, ids)
        known = self._movie_ids[np.minimum(positions, len(self._movie_ids) - 1)] == ids
        return positions[known].astype(np.int32), values[known]
