"""`marquee recommend`: the recommendation model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.composition import connected
from service.cli.configuration import read_settings
from service.cli.output import JsonOutput, print_line, print_list, print_table, progress_bars

if TYPE_CHECKING:
    from service.recommendations.model.evaluation import Outcome
    from service.recommendations.model.storage import ModelVersion
    from service.recommendations.model.training import Hyperparameters
    from service.settings import Settings

EVALUATION_COLUMNS = ("", "NDCG@10", "Recall@20", "NDCG@100", "coverage@20")
MODEL_COLUMNS = (
    "model", "state", "created", "activated", "movies", "interactions", "regularization", "dropout", "facet_weight",
)  # fmt: skip

app = typer.Typer(no_args_is_help=True, help="The recommendation model.")

RatingsFile = Annotated[
    Path, typer.Option(exists=True, dir_okay=False, help="ratings.csv of MovieLens, plain, .gz, .xz or .zip.")
]
MoviesFile = Annotated[
    Path | None,
    typer.Option(
        "--movies",
        exists=True,
        dir_okay=False,
        help="movies.csv of MovieLens; default: the one in the folder of the ratings, if any.",
    ),
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
def status(*, as_json: JsonOutput = False) -> None:
    """List the models, the newest first."""
    asyncio.run(_list_models(read_settings(), as_json=as_json))


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
    print_table(EVALUATION_COLUMNS, rows)


async def _train(settings: Settings, parameters: Hyperparameters, *, activate: bool) -> None:
    from service.recommendations.model.retraining import Limits, retrain

    limits = Limits(
        most_movies=settings.recommendation_most_movies,
        threads=settings.recommendation_threads,
        inactive_models=settings.recommendation_models_kept,
    )
    async with connected(settings) as connection:
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


async def _list_models(settings: Settings, *, as_json: bool) -> None:
    from service.recommendations.model.storage import list_versions

    async with connected(settings) as connection:
        versions = await list_versions(connection)
    empty = "there is no model yet: create one with `marquee recommend train`"
    print_list(MODEL_COLUMNS, [_row(model) for model in versions], as_json=as_json, if_empty=empty)


async def _activate(settings: Settings, version: int) -> None:
    from service.recommendations.model.storage import activate_model

    async with connected(settings) as connection:
        await activate_model(connection, version)
    print_line(f"model {version} is active")


def _row(model: ModelVersion) -> tuple[object, ...]:
    complete = "complete" if model.completed_at else "incomplete"
    values = {**model.parameters, **model.metrics}
    return (
        model.version,
        "active" if model.is_active else complete,
        model.created_at,
        model.activated_at,
        model.movies,
        *map(values.get, ("interactions", "regularization", "dropout", "facet_weight")),
    )
