"""`marquee media`: bucket and table, kept in step."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from service.command_line.configuration import read_settings

app = typer.Typer(no_args_is_help=True, help="Uploads, their pictures and their events.")
letters_app = typer.Typer(no_args_is_help=True, help="Events that the functions gave up on.")
app.add_typer(letters_app, name="dead-letters")

Limit = Annotated[int, typer.Option(min=1, max=100_000, help="Most messages to look at.")]


@letters_app.command("list")
def list_letters(*, limit: Limit = 100) -> None:
    """List dead letters with their objects; all of them stay where they are."""
    from service import commands

    asyncio.run(commands.list_dead_letters(read_settings(), limit=limit))


@letters_app.command("redrive")
def redrive(*, limit: Limit = 1000) -> None:
    """Send dead letters to the queue that they came from; what no function can read stays. A repeat changes nothing."""
    from service import commands

    asyncio.run(commands.redrive_dead_letters(read_settings(), limit=limit))


@letters_app.command("purge")
def purge(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="As `marquee media dead-letters list` has it.")],
    *,
    limit: Limit = 1000,
) -> None:
    """Throw one dead letter away, for good."""
    from service import commands

    asyncio.run(commands.purge_dead_letter(read_settings(), message_id, limit=limit))


@app.command("reconcile")
def reconcile(
    *,
    fix: Annotated[
        bool, typer.Option("--fix/--dry-run", help="Mend what is found, or only tell (the default).")
    ] = False,
    patience: Annotated[int, typer.Option(min=0, help="Seconds that an event may be under way.")] = 3600,
    grace: Annotated[int, typer.Option(min=0, help="Age in seconds at which what belongs to nothing goes.")] = 86_400,
    most_removals: Annotated[int, typer.Option(min=0, help="Most objects and pictures to remove in a run.")] = 1000,
    show: Annotated[int, typer.Option(min=0, help="Most findings of a kind to show one by one.")] = 20,
) -> None:
    """Compare the buckets with the tables, both ways; exit 1 when something is amiss and was not mended."""
    from service import commands

    settings = read_settings(serving=True)
    sys.exit(
        asyncio.run(
            commands.reconcile(
                settings, fix=fix, patience=patience, grace=grace, most_removals=most_removals, show=show
            )
        )
    )


@app.command("sweep")
def sweep() -> None:
    """Expire uploads that never came, and remove what was replaced or deleted: what housekeeping does as well."""
    from service import commands

    asyncio.run(commands.sweep(read_settings(serving=True)))
