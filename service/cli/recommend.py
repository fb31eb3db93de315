"""`marquee recommend`: the recommendation model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.configuration import read_settings
from service.cli.output import format_time, print_line, print_rows, progress_bars

if TYPE_CHECKING:
    from service.recommendations.model.binary_copy import Connection
    from service.recommendations.model.evaluation import Outcome
    from service.recommendations.model.storage import ModelVersion
    from service.recommendations.model.training import Hyperparameters
    from service.settings import Settings

EVALUATION_COLUMNS = ("", "NDCG@10", "Recall@20", "NDCG@100", "coverage@20")
MODEL_COLUMNS = (
    "model", "state", "made", "activated", "movies", "interactions", "regularization", "dropout", "facets",
)  # fmt: skip

app = typer.Typer(no_args_is_help=True, help="The recommendation model.")

RatingsFile = Annotated[Path, typer.Option(help="ratings.csv of MovieLens, plain, .gz, .xz or .zip.")]
MoviesFile = Annotated[
    Path | None, typer.Option("--movies", help="movies.csv of MovieLens; default: the one next to the ratings, if any.")
]


@app.command("train")
def train(
    *,
    activate: Annotated[bool, typer.Option(help="Use the model for recommendations as soon as it is complete.")] = True,
    regularization: Annotated[
        float, typer.Option(min=0.001, help="A larger value gives rare agreement less weight.")
    ] = 100.0,
    dropout: Annotated[
        float, typer.Option(min=0, max=0.99, help="A larger value regularises popular movies more.")
    ] = 0.33,
    facet_weight: Annotated[
        float, typer.Option(min=0, help="Weight of genres and decades; a rating of 5 has weight 1.")
    ] = 1.0,
) -> None:
    """Train a model from the current ratings and favorites; servers may run at the same time."""
    from service.recommendations.model.training import Hyperparameters

    parameters = Hyperparameters(regularization=regularization, dropout=dropout, facet_weight=facet_weight)
    asyncio.run(_train(read_settings(), parameters, activate=activate))


@app.command("evaluate")
def evaluate(
    *,
    ratings: RatingsFile,
    movies: MoviesFile = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split of the users.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Number of splits, with this seed and the next.")] = 1,
) -> None:
    """Measure how well the model ranks movies that held-out users of MovieLens liked. Needs no database."""
    _evaluate(read_settings(), ratings, movies, seeds=range(seed, seed + seeds))


@app.command("status")
def status() -> None:
    """List the models, the newest first."""
    asyncio.run(_list_models(read_settings()))


@app.command("activate")
def activate_model(version: Annotated[int, typer.Argument(help="Number from `marquee recommend status`.")]) -> None:
    """Use another model, on every worker within seconds: an older one, or one trained with --no-activate."""
    asyncio.run(_activate(read_settings(), version))


def show_outcomes(outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """Prints one row per method: the mean over the seeds and, for several seeds, the standard deviation."""
    import numpy as np

    rows = []
    for name, given in outcomes.items():
        metrics = np.array([outcome.metrics for outcome in given])
        means, spreads = metrics.mean(axis=0), metrics.std(axis=0)
        spread = len(given) > 1
        rows.append(
            (name, *(f"{m:.3f} ± {s:.3f}" if spread else f"{m:.3f}" for m, s in zip(means, spreads, strict=True)))
        )
    print_rows(EVALUATION_COLUMNS, *rows)


async def _train(settings: Settings, parameters: Hyperparameters, *, activate: bool) -> None:
    from service.recommendations.model.retraining import Limits, retrain

    limits = Limits(
        most_movies=settings.recommendation_most_movies,
        threads=settings.recommendation_threads,
        inactive_models=settings.recommendation_models_kept,
    )
    async with _connected(settings) as connection:
        with progress_bars() as progress:
            done = await retrain(connection, parameters=parameters, limits=limits, activate=activate, progress=progress)
    metrics = done.metrics
    state = "active" if activate else "not active yet"
    print_line(f"model {done.version} is trained in {metrics['seconds']:.1f} s and {state}")
    print_line(
        f"from {metrics['interactions']} interactions of {metrics['users']} users;"
        f" {metrics['movies_learned']} of {metrics['movies']} movies are linked by them, the others by content"
    )
    if done.pruned:
        print_line(f"{done.pruned} older removed")


def _evaluate(settings: Settings, ratings: Path, movies: Path | None, *, seeds: Sequence[int]) -> None:
    from threadpoolctl import threadpool_limits

    from service.importers.movielens.evaluation import find_movies, read_ratings
    from service.recommendations.model.evaluation import baselines, compare, edlae, marquee

    with progress_bars() as progress, threadpool_limits(settings.recommendation_threads):
        table = read_ratings(
            ratings, movies or find_movies(ratings), progress=lambda done, total: progress("reading", done, total)
        )
        methods = (*baselines(), edlae(), marquee(most_movies=settings.recommendation_most_movies))
        outcomes = compare(table, methods, seeds=seeds, progress=lambda done, total: progress("comparing", done, total))
    show_outcomes(outcomes)


async def _list_models(settings: Settings) -> None:
    from service.recommendations.model.storage import list_versions

    async with _connected(settings) as connection:
        versions = await list_versions(connection)
    if not versions:
        print_line("there is no model yet; `marquee recommend train` makes one")
        return
    print_rows(MODEL_COLUMNS, *map(_row, versions))


async def _activate(settings: Settings, version: int) -> None:
    from service.recommendations.model.storage import activate_model

    async with _connected(settings) as connection:
        await activate_model(connection, version)
    print_line(f"model {version} is active")


def _row(model: ModelVersion) -> tuple[str, ...]:
    complete = "complete" if model.completed_at else "incomplete"
    values = {**model.parameters, **model.metrics}
    names = ("interactions", "regularization", "dropout", "facet_weight")
    return (
        str(model.version),
        "active" if model.is_active else complete,
        format_time(model.created_at),
        format_time(model.activated_at),
        str(model.movies),
        *(str(values.get(name, "-")) for name in names),
    )


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Connection]:
    """Yields a separate connection, because the pool's statement timeout would end the training's long statements."""
    import asyncpg

    connection = await asyncpg.connect(settings.database_url.get_secret_value(), statement_cache_size=0)
    try:
        yield connection
    finally:
        await connection.close()
