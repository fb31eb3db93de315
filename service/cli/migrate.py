"""`marquee migrate`: the schema of the database."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.composition import connected
from service.cli.configuration import read_settings
from service.cli.error_messages import CommandFailed
from service.cli.output import JsonOutput, print_line, print_list

if TYPE_CHECKING:
    from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The schema of the database.")


@app.command("up")
def up() -> None:
    """Apply every pending migration."""
    from service.database import migrations

    applied = asyncio.run(migrations.up(read_settings()))
    print_line("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


@app.command("down")
def down(
    *,
    to_empty: Annotated[bool, typer.Option("--all", help="Revert every migration, which removes all data.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Revert the newest migration, or all; removing all data needs a confirmation and is refused in production."""
    asyncio.run(_migrate_down(read_settings(), to_empty=to_empty, is_confirmed=yes))


@app.command("status")
def status(*, as_json: JsonOutput = False) -> None:
    """List the applied and the pending migrations; exit 1 if any is pending."""
    sys.exit(asyncio.run(_show_status(read_settings(), as_json=as_json)))


@app.command("grant")
def grant(role: str) -> None:
    """Grant a database role the privileges of a server; run this as the owner of the tables."""
    asyncio.run(_grant_privileges(read_settings(), role))


async def _migrate_down(settings: Settings, *, to_empty: bool, is_confirmed: bool) -> None:
    from service.database import migrations

    async with connected(settings) as connection:
        applied = (await migrations.status(connection)).applied
        database = await connection.fetchval("SELECT current_database()")
    if applied and (to_empty or len(applied) == 1):
        _require_removal_of_all_data(settings, database, is_confirmed=is_confirmed)
    for name in await migrations.down(settings, to_empty=to_empty):
        print_line(f"reverted {name}")


def _require_removal_of_all_data(settings: Settings, database: str, *, is_confirmed: bool) -> None:
    """Raises CommandFailed unless the operator confirms the removal of all data of a database."""
    from service.settings import Profile

    if settings.profile is Profile.PRODUCTION:
        raise CommandFailed(
            f"this removes all data of the database {database}, which the production profile refuses;"
            " set MARQUEE_PROFILE=development to do it"
        )
    prompt = f"This removes all data of the database {database}. Type its name to confirm"
    if not is_confirmed and typer.prompt(prompt) != database:
        raise CommandFailed("the names differ; nothing was reverted")


async def _show_status(settings: Settings, *, as_json: bool) -> int:
    """Prints the state of every migration; returns 1 if any is pending, else 0."""
    from service.database import migrations

    async with connected(settings) as connection:
        schema = await migrations.status(connection)
    rows = [("applied", name) for name in schema.applied] + [("pending", name) for name in schema.pending]
    print_list(("state", "migration"), rows, as_json=as_json)
    return int(not schema.is_current)


async def _grant_privileges(settings: Settings, role: str) -> None:
    from service.database.grants import grant

    async with connected(settings) as connection:
        await grant(connection, role)
    print_line(f"{role} may serve; it can add to the audit trail but not change it")
