"""`marquee recommend`: the model of taste."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from service.command_line.configuration import read_settings

app = typer.Typer(no_args_is_help=True, help="The model that recommendations come from.")

RatingsFile = Annotated[Path, typer.Option(help="MovieLens' ratings.csv, plain, .gz, .xz or .zip.")]
MoviesFile = Annotated[
    Path | None, typer.Option("--movies", help="Its movies.csv; default: the one beside the ratings, if there is one.")
]


@app.command("train")
def train(
    *,
    activate: Annotated[bool, typer.Option(help="Serve from it as soon as it is whole.")] = True,
    regularization: Annotated[float, typer.Option(min=0.001, help="Larger trusts rare agreement less.")] = 100.0,
    dropout: Annotated[float, typer.Option(min=0, max=0.99, help="Larger regularises popular movies more.")] = 0.33,
    facet_weight: Annotated[float, typer.Option(min=0, help="Of genres and decades beside a rating of 5.")] = 1.0,
) -> None:
    """Train a model from the ratings and favorites that there are now, beside the running server."""
    from service import commands

    asyncio.run(
        commands.train_recommendations(
            read_settings(),
            activate=activate,
            regularization=regularization,
            dropout=dropout,
            facet_weight=facet_weight,
        )
    )


@app.command("evaluate")
def evaluate(
    *,
    ratings: RatingsFile,
    movies: MoviesFile = None,
    seed: Annotated[int, typer.Option(min=0, help="Parts the users.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many partings: this seed and those after it.")] = 1,
) -> None:
    """Rank what held-out users of MovieLens liked besides; print how well, beside simpler methods. No database."""
    from service import commands

    commands.evaluate_recommendations(read_settings(), ratings, movies, seeds=range(seed, seed + seeds))


@app.command("status")
def status() -> None:
    """List the models, the newest first."""
    from service import commands

    asyncio.run(commands.list_recommendation_models(read_settings()))


@app.command("activate")
def activate(version: Annotated[int, typer.Argument(help="As `marquee recommend status` has it.")]) -> None:
    """Serve from another model, on every worker within seconds: an older one, or one trained with --no-activate."""
    from service import commands

    asyncio.run(commands.activate_recommendation_model(read_settings(), version))
