"""Models in the database: writing, activating, listing and removing them. At most one is active."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from service.database.listener import Channel
from service.database.locks import AdvisoryLock
from service.recommendations.errors import RecommendationModelNotFound
from service.recommendations.model.binary_copy import Connection
from service.recommendations.model.training import Hyperparameters, Progress, TrainedModel

ACTIVE_VERSION = "SELECT id FROM recommendation_models WHERE is_active"
ALGORITHM = "edlae"
BATCH = 500
COLUMNS = ("movie_id", "neighbor_ids", "weights", "similar_ids", "similarities")
STAGING = """
CREATE TEMPORARY TABLE staged_neighbors (
    movie_id int, neighbor_ids int[], weights real[], similar_ids int[], similarities real[]
) ON COMMIT DROP
"""
# The foreign key takes the same lock. It is taken first, so that a movie that is being deleted is left out.
INSERT = """
INSERT INTO movie_neighbors (model_id, movie_id, neighbor_ids, weights, similar_ids, similarities)
SELECT $1, movie_id, neighbor_ids, weights, similar_ids, similarities
FROM staged_neighbors JOIN (SELECT id FROM movies WHERE id BETWEEN $2 AND $3 FOR KEY SHARE) AS existing ON id = movie_id
"""
DELETE_OLD = """
DELETE FROM recommendation_models WHERE NOT is_active AND (
    completed_at IS NULL AND created_at < now() - interval '1 day'
    OR id IN (
        SELECT id FROM recommendation_models WHERE completed_at IS NOT NULL AND NOT is_active
        ORDER BY id DESC OFFSET $1
    )
)
"""
VERSIONS = """
SELECT id AS version, algorithm, is_active, parameters::text, metrics::text, created_at, completed_at, activated_at,
    (SELECT count(*) FROM movie_neighbors WHERE model_id = m.id) AS movies
FROM recommendation_models AS m ORDER BY id DESC
"""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model in the database."""

    version: int
    algorithm: str
    is_active: bool
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    created_at: datetime
    completed_at: datetime | None
    activated_at: datetime | None
    movies: int


async def store_model(
    connection: Connection,
    trained: TrainedModel,
    *,
    parameters: Hyperparameters,
    metrics: Mapping[str, float],
    progress: Progress,
) -> int:
    """Writes a model in short transactions and returns its version. The model is not active yet.

    An incomplete model can never become active; `prune_models` removes it after a day.
    """
    version: int = await connection.fetchval(
        "INSERT INTO recommendation_models (algorithm, parameters, metrics) VALUES ($1, $2::jsonb, $3::jsonb)"
        " RETURNING id",
        ALGORITHM,
        json.dumps(asdict(parameters)),
        json.dumps(metrics),
    )
    total = len(trained.movie_ids)
    for start in range(0, total, BATCH):
        positions = range(start, min(start + BATCH, total))
        await _write_part(connection, version, trained, positions)
        progress("writing", positions[-1] + 1, total)
    await connection.execute("UPDATE recommendation_models SET completed_at = now() WHERE id = $1", version)
    return version


async def _write_part(connection: Connection, version: int, trained: TrainedModel, positions: range) -> None:
    async with connection.transaction():
        await connection.execute(STAGING)
        await connection.copy_records_to_table(
            "staged_neighbors", records=[_record(trained, position) for position in positions], columns=COLUMNS
        )
        first, last = int(trained.movie_ids[positions[0]]), int(trained.movie_ids[positions[-1]])
        await connection.execute(INSERT, version, first, last)


def _record(trained: TrainedModel, position: int) -> tuple[int, list[int], list[float], list[int], list[float]]:
    neighbors, weights = trained.weights.row(position)
    similar, similarities = trained.similar_movies.row(position)
    ids = trained.movie_ids
    return (
        int(ids[position]),
        ids[neighbors].tolist(),
        weights.tolist(),
        ids[similar].tolist(),
        np.clip(similarities, 0, 1).tolist(),
    )


async def activate_model(connection: Connection, version: int) -> None:
    """Makes a model the active one and notifies the workers; a repeat changes nothing.

    Raises RecommendationModelNotFound.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", AdvisoryLock.MODEL_ACTIVATION)
        state = await connection.fetchrow(
            "SELECT is_active FROM recommendation_models WHERE id = $1 AND completed_at IS NOT NULL", version
        )
        if state is None:
            raise RecommendationModelNotFound(
                f"there is no complete model {version}; `marquee recommend status` lists them"
            )
        if state["is_active"]:
            return
        await connection.execute("UPDATE recommendation_models SET is_active = false WHERE is_active")
        await connection.execute(
            "UPDATE recommendation_models SET is_active = true, activated_at = now() WHERE id = $1", version
        )
        await connection.execute(
            "INSERT INTO audit_log (action, resource, outcome) VALUES ('recommendations.activate', $1, 'ok')",
            f"recommendation_models/{version}",
        )
        await connection.execute("SELECT pg_notify($1, $2)", Channel.RECOMMENDATION_MODELS.value, str(version))


async def prune_models(connection: Connection, *, inactive_models: int) -> int:
    """Removes abandoned models and all inactive models but the newest ones; returns the number of removed models."""
    status: str = await connection.execute(DELETE_OLD, inactive_models)
    return int(status.rpartition(" ")[2])


async def list_versions(connection: Connection) -> list[ModelVersion]:
    """Returns the models, the newest first."""
    rows = await connection.fetch(VERSIONS)
    return [
        ModelVersion(**dict(row) | {name: json.loads(row[name]) for name in ("parameters", "metrics")}) for row in rows
    ]
