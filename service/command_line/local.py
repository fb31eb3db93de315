"""`marquee local`: the embedded stack of a checkout."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from service.command_line.configuration import read_settings

app = typer.Typer(no_args_is_help=True, help="The embedded stack of a checkout.")


DataFolder = Annotated[Path, typer.Option("--data", envvar="MARQUEE_LOCAL_DATA", help="Folder of all data.")]


@app.command("run")
def run(data: DataFolder = Path(".marquee")) -> None:
    """Start PostgreSQL, S3 + Lambda and the server on this machine; Ctrl-C stops them."""
    from service.local.stack import run

    sys.exit(run(data))


@app.command("demo")
def demo(data: DataFolder = Path(".marquee")) -> None:
    """Walk the main job against the running stack."""
    from service.local.demo import run

    sys.exit(run(data))


@app.command("clean")
def clean(data: DataFolder = Path(".marquee")) -> None:
    """Remove all data of the stack, which must not be running."""
    from service.local.stack import clean

    sys.exit(clean(data))


@app.command("fill", hidden=True)
def fill(data: DataFolder = Path(".marquee")) -> None:
    """Load the sample catalogue and make the demo users; what `run` does once the server is up."""
    from service.commands import fill

    asyncio.run(fill(read_settings(serving=True), data.resolve()))


@app.command("migration")
def migration(name: str) -> None:
    """Write a migration for what changed in the models."""
    from service import commands

    asyncio.run(commands.create_migration(read_settings(), name))
