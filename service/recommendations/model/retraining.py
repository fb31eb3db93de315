"""The whole of a training: read, compute, write, activate, remove what is old."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from service.recommendations.model.copying import Connection
from service.recommendations.model.dataset import Dataset
from service.recommendations.model.reading import read_dataset
from service.recommendations.model.storage import activate_model, prune_models, store_model
from service.recommendations.model.training import Hyperparameters, Progress, Trained, train


@dataclass(frozen=True, slots=True)
class Limits:
    """What a training may take and leave behind."""

    most_movies: int
    threads: int
    kept: int
    """Models besides the active one."""


@dataclass(frozen=True, slots=True)
class Retraining:
    """What a training did."""

    version: int
    metrics: dict[str, float]
    """Counts and seconds, as kept beside the model."""
    pruned: int


async def retrain(
    connection: Connection, *, parameters: Hyperparameters, limits: Limits, activate: bool, progress: Progress
) -> Retraining:
    """Trains a model from what the database holds now, and makes it the active one if so asked.

    Takes no lock but, part by part while it writes, the one that keeps a movie from being deleted. Raises what
    `train` raises.
    """
    progress("reading", 0, 1)
    dataset = await read_dataset(connection)
    progress("reading", 1, 1)
    began = time.perf_counter()
    trained = await asyncio.to_thread(_train, dataset, parameters, limits, progress)
    metrics = _metrics(dataset, trained) | {"seconds": round(time.perf_counter() - began, 2)}
    version = await store_model(connection, trained, parameters=parameters, metrics=metrics, progress=progress)
    if activate:
        await activate_model(connection, version)
    return Retraining(version, metrics, await prune_models(connection, kept=limits.kept))


def _train(dataset: Dataset, parameters: Hyperparameters, limits: Limits, progress: Progress) -> Trained:
    with threadpool_limits(limits.threads):
        return train(dataset, parameters, most_movies=limits.most_movies, progress=progress)


def _metrics(dataset: Dataset, trained: Trained) -> dict[str, float]:
    return {
        "users": int(np.count_nonzero(np.diff(dataset.interactions.indptr))),
        "interactions": int(dataset.interactions.nnz),
        "movies": len(trained.movie_ids),
        "movies_learned": trained.learned,
        "links": len(trained.weights.targets),
    }
