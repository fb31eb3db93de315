"""Training run: reads the dataset, trains, stores and activates the model, and removes old models."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from service.recommendations.model.binary_copy import Connection, copy_numbers
from service.recommendations.model.dataset import MAX_RATING, Dataset, FacetKind
from service.recommendations.model.storage import activate_model, prune_models, store_model
from service.recommendations.model.training import Hyperparameters, Progress, TrainedModel, train

MOVIES = "SELECT id FROM movies ORDER BY id"
# The weights are those of `history_weight`.
INTERACTIONS = f"""
SELECT user_id, movie_id, max(weight)::float4 FROM (
    SELECT user_id, movie_id, rating / {MAX_RATING}.0 AS weight FROM movie_ratings
    UNION ALL SELECT user_id, movie_id, 1 FROM favorite_movies
) AS weighted GROUP BY user_id, movie_id
"""  # noqa: S608 - a constant number
FACETS = f"""
SELECT {FacetKind.GENRE:d}, genre_id, movie_id FROM movie_genres
UNION ALL
SELECT {FacetKind.DECADE:d}, (extract(year FROM release_date) / 10)::int, id FROM movies WHERE release_date IS NOT NULL
UNION ALL
SELECT {FacetKind.PERSON:d}, person_id, movie_id FROM (
    SELECT director_id AS person_id, id AS movie_id FROM movies WHERE director_id IS NOT NULL
    UNION SELECT person_id, movie_id FROM movie_characters WHERE person_id IS NOT NULL
) AS people
"""  # noqa: S608 - constant numbers


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a training run."""

    most_movies: int
    threads: int
    inactive_models: int
    """Number of inactive models that stay in the database."""


@dataclass(frozen=True, slots=True)
class Retraining:
    """Result of a training run."""

    version: int
    metrics: dict[str, float]
    """Counts and seconds, stored with the model."""
    pruned: int
    """Number of models that were removed."""


async def retrain(
    connection: Connection, *, parameters: Hyperparameters, limits: Limits, activate: bool, progress: Progress
) -> Retraining:
    """Trains a model from the current content of the database, and activates it if `activate` is set.

    It takes no lock, except that a movie cannot be deleted while its part of the model is written. Raises the errors of
    `train`.
    """
    progress("reading", 0, 1)
    dataset = await read_dataset(connection)
    progress("reading", 1, 1)
    start = time.perf_counter()
    trained = await asyncio.to_thread(_train, dataset, parameters, limits, progress)
    metrics = _metrics(dataset, trained) | {"seconds": round(time.perf_counter() - start, 2)}
    version = await store_model(connection, trained, parameters=parameters, metrics=metrics, progress=progress)
    if activate:
        await activate_model(connection, version)
    return Retraining(version, metrics, await prune_models(connection, inactive_models=limits.inactive_models))


async def read_dataset(connection: Connection) -> Dataset:
    """Returns the dataset of one snapshot. The transaction takes no lock and ends before the training starts."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SELECT set_config('statement_timeout', '0', true)")
        movies = await copy_numbers(connection, MOVIES, [("id", "i4")])
        interactions = await copy_numbers(connection, INTERACTIONS, [("user", "i4"), ("movie", "i4"), ("weight", "f4")])
        facets = await copy_numbers(connection, FACETS, [("kind", "i4"), ("number", "i4"), ("movie", "i4")])
    return Dataset.build(
        movies["id"].astype(np.int32),
        interactions=(
            interactions["user"].astype(np.int32),
            interactions["movie"].astype(np.int32),
            interactions["weight"].astype(np.float32),
        ),
        facets=(
            facets["kind"].astype(np.int32),
            facets["number"].astype(np.int32),
            facets["movie"].astype(np.int32),
        ),
    )


def _train(dataset: Dataset, parameters: Hyperparameters, limits: Limits, progress: Progress) -> TrainedModel:
    with threadpool_limits(limits.threads):
        return train(dataset, parameters, most_movies=limits.most_movies, progress=progress)


def _metrics(dataset: Dataset, trained: TrainedModel) -> dict[str, float]:
    # `marquee recommend status` shows these keys, so they are the same for all models in the database.
    return {
        "users": int(np.count_nonzero(np.diff(dataset.interactions.indptr))),
        "interactions": int(dataset.interactions.nnz),
        "movies": len(trained.movie_ids),
        "movies_learned": trained.learned_movies,
        "links": len(trained.weights.targets),
    }
