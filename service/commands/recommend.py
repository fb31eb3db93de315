"""Commands on the model of taste."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from service.commands.terminal import moment, progress_bars, say, show_rows
from service.settings import Settings

if TYPE_CHECKING:
    from service.recommendations.model.copying import Connection
    from service.recommendations.model.evaluation import Outcome
    from service.recommendations.model.storage import ModelVersion

HEADER = ("", "NDCG@10", "Recall@20", "NDCG@100", "coverage@20")


async def train_recommendations(
    settings: Settings, *, activate: bool, regularization: float, dropout: float, facet_weight: float
) -> None:
    """Trains a model with progress bars and prints what was done."""
    from service.recommendations.model.retraining import Limits, retrain
    from service.recommendations.model.training import Hyperparameters

    parameters = Hyperparameters(regularization=regularization, dropout=dropout, facet_weight=facet_weight)
    limits = Limits(
        most_movies=settings.recommendation_most_movies,
        threads=settings.recommendation_threads,
        kept=settings.recommendation_models_kept,
    )
    async with _connected(settings) as connection:
        with progress_bars() as progress:
            done = await retrain(connection, parameters=parameters, limits=limits, activate=activate, progress=progress)
    told = done.metrics
    say(f"model {done.version} is trained in {told['seconds']:.1f} s and {'active' if activate else 'not active yet'}")
    say(
        f"from {told['interactions']} interactions of {told['users']} users;"
        f" {told['movies_learned']} of {told['movies']} movies are linked by them, the others by content"
    )
    if done.pruned:
        say(f"{done.pruned} older removed")


def evaluate_recommendations(settings: Settings, ratings: Path, movies: Path | None, *, seeds: Sequence[int]) -> None:
    """Compares the model with simpler methods on MovieLens' ratings and prints a table."""
    from threadpoolctl import threadpool_limits

    from service.recommendations.model.evaluation import compare
    from service.recommendations.model.methods import baselines, edlae, marquee
    from service.recommendations.model.movielens import find_movies, read_ratings

    with progress_bars() as progress, threadpool_limits(settings.recommendation_threads):
        table = read_ratings(
            ratings, movies or find_movies(ratings), progress=lambda done, total: progress("reading", done, total)
        )
        methods = (*baselines(), edlae(), marquee(most_movies=settings.recommendation_most_movies))
        outcomes = compare(table, methods, seeds=seeds, progress=lambda done, total: progress("comparing", done, total))
    show_outcomes(outcomes)


def show_outcomes(outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """Prints a row a method: the mean over the seeds and, of several, the standard deviation."""
    import numpy as np

    rows = []
    for name, given in outcomes.items():
        metrics = np.array([outcome.metrics for outcome in given])
        means, spreads = metrics.mean(axis=0), metrics.std(axis=0)
        spread = len(given) > 1
        rows.append(
            (name, *(f"{m:.3f} ± {s:.3f}" if spread else f"{m:.3f}" for m, s in zip(means, spreads, strict=True)))
        )
    show_rows(HEADER, *rows)


async def list_recommendation_models(settings: Settings) -> None:
    """Prints the models, the newest first."""
    from service.recommendations.model.storage import list_versions

    async with _connected(settings) as connection:
        versions = await list_versions(connection)
    if not versions:
        say("there is no model yet; `marquee recommend train` makes one")
        return
    header = ("model", "state", "made", "activated", "movies", "interactions", "regularization", "dropout", "facets")
    show_rows(header, *map(_row, versions))


async def activate_recommendation_model(settings: Settings, version: int) -> None:
    """Makes a model the active one and says so."""
    from service.recommendations.model.storage import activate_model

    async with _connected(settings) as connection:
        await activate_model(connection, version)
    say(f"model {version} is active")


def _row(model: ModelVersion) -> tuple[str, ...]:
    kept = "kept" if model.completed_at else "incomplete"
    told = {**model.parameters, **model.metrics}
    names = ("interactions", "regularization", "dropout", "facet_weight")
    return (
        str(model.version),
        "active" if model.is_active else kept,
        moment(model.created_at),
        moment(model.activated_at),
        str(model.movies),
        *(str(told.get(name, "-")) for name in names),
    )


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Connection]:
    """Gives a connection of the training's own: the pool's would end its long statements."""
    import asyncpg

    connection = await asyncpg.connect(settings.database_url.get_secret_value(), statement_cache_size=0)
    try:
        yield connection
    finally:
        await connection.close()
