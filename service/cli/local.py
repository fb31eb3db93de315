"""`marquee local`: the embedded stack of a checkout."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.composition import composed
from service.cli.configuration import read_settings
from service.cli.output import print_line

if TYPE_CHECKING:
    from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The embedded stack of a checkout.")

DataFolder = Annotated[Path, typer.Option("--data", envvar="MARQUEE_LOCAL_DATA", help="Folder for all data.")]
Posters = Annotated[int, typer.Option(min=0, help="Number of sample movies that get a drawn poster.")]
ALL_POSTERS = 60


@app.command("run")
def run(data: DataFolder = Path(".marquee"), *, posters: Posters = ALL_POSTERS) -> None:
    """Start PostgreSQL, S3 + Lambda and the server on this machine; Ctrl-C stops them."""
    from service.local.run import run

    sys.exit(run(data, posters=posters))


@app.command("demo")
def demo(data: DataFolder = Path(".marquee")) -> None:
    """Show the main functions against the running stack, step by step."""
    from service.local.demo import run

    sys.exit(run(data))


@app.command("clean")
def clean(data: DataFolder = Path(".marquee")) -> None:
    """Remove all data of the stack, which must not be running."""
    from service.local.run import clean

    sys.exit(clean(data))


@app.command("fill", hidden=True)
def fill(data: DataFolder = Path(".marquee"), *, posters: Posters = ALL_POSTERS) -> None:
    """Load the sample catalogue and create the demo users; `run` calls this after the server has started."""
    asyncio.run(_fill(read_settings(serving=True), data.resolve(), posters=posters))


@app.command("migration")
def migration(
    name: str,
    *,
    empty: Annotated[bool, typer.Option("--empty", help="Without statements, for SQL that no model shows.")] = False,
) -> None:
    """Write a migration file for the changes of the models."""
    from service.database import migrations

    version = asyncio.run(migrations.create(read_settings(), name, empty=empty))
    typer.echo(f"wrote migrations/marquee/{version}.py" if version else "the models have not changed")


async def _fill(settings: Settings, data: Path, *, posters: int) -> None:
    from service.local.layout import Layout, read_secrets
    from service.local.sample import fill

    users = read_secrets(Layout(data)).demo_users
    async with composed(settings) as domains:
        await fill(domains, users=users, posters=posters, show_progress=print_line)
