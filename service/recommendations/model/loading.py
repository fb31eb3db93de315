"""Reading a model into memory, in parts that a thread takes apart, so that no event loop stands still."""

from __future__ import annotations

import asyncio

import numpy as np
from numpy.typing import NDArray

from service.recommendations.model.copying import Connection, copied_rows, copy_bytes, number_array
from service.recommendations.model.errors import RecommendationModelNotFound
from service.recommendations.model.scoring import ServingModel
from service.recommendations.model.sparse_weights import Links
from service.recommendations.model.training import Row

PART = 500
"""Movies that are held as PostgreSQL sends them."""
MOVIE_IDS = """
SELECT coalesce(array_agg(movie_id ORDER BY movie_id), '{}') FROM movie_neighbors WHERE model_id = $1
"""
NEIGHBORS = """
SELECT movie_id, neighbor_ids, weights, similar_ids, similarities
FROM movie_neighbors WHERE model_id = $1 AND movie_id BETWEEN $2 AND $3 ORDER BY movie_id
"""


async def load_model(database: Connection, version: int) -> ServingModel:
    """Returns a model as it is in one snapshot; raises RecommendationModelNotFound.

    Movies that were deleted since the training are in it neither as rows nor as links.
    """
    async with database.transaction(isolation="repeatable_read", readonly=True):
        found = await database.fetchval(
            "SELECT id FROM recommendation_models WHERE id = $1 AND completed_at IS NOT NULL", version
        )
        if found is None:
            raise RecommendationModelNotFound(f"there is no model {version}")
        ids = np.array(await database.fetchval(MOVIE_IDS, version), np.int32)
        parts = _Parts(ids)
        for start in range(0, len(ids), PART):
            last = min(start + PART, len(ids)) - 1
            data = await copy_bytes(database, NEIGHBORS, version, int(ids[start]), int(ids[last]))
            await asyncio.to_thread(parts.add, data)
    return await asyncio.to_thread(parts.assembled, version)


class _Parts:
    """The rows of a model, as they come."""

    def __init__(self, movie_ids: NDArray[np.int32]) -> None:
        self._movie_ids = movie_ids
        self._weights: list[Row] = []
        self._similar: list[Row] = []

    def add(self, data: bytearray) -> None:
        """Takes what COPY wrote of the next movies."""
        for _, neighbors, weights, similar, similarities in copied_rows(data):
            self._weights.append(self._known(number_array(neighbors, "i4"), number_array(weights, "f4")))
            self._similar.append(self._known(number_array(similar, "i4"), number_array(similarities, "f4")))

    def assembled(self, version: int) -> ServingModel:
        """Returns the model."""
        weights = Links.from_rows(self._weights).transposed(len(self._movie_ids))
        return ServingModel(version, self._movie_ids, weights, Links.from_rows(self._similar))

    def _known(self, ids: NDArray[np.int32], values: NDArray[np.float32]) -> Row:
        places = np.searchsorted(self._movie_ids, ids)
        kept = self._movie_ids[np.minimum(places, len(self._movie_ids) - 1)] == ids
        return places[kept].astype(np.int32), values[kept]
