"""`marquee migrate`: the schema of the database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.configuration import read_settings
from service.cli.output import console

if TYPE_CHECKING:
    import asyncpg

    from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The schema of the database.")


@app.command("up")
def up() -> None:
    """Apply every pending migration."""
    from service.database import migrations

    applied = asyncio.run(migrations.up(read_settings()))
    console.print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


@app.command("down")
def down(
    *,
    to_empty: Annotated[bool, typer.Option("--all", help="Revert every migration, not only the newest.")] = False,
) -> None:
    """Revert the newest migration."""
    from service.database import migrations

    for name in asyncio.run(migrations.down(read_settings(), to_empty=to_empty)):
        console.print(f"reverted {name}")


@app.command("status")
def status() -> None:
    """List the applied and the pending migrations; exit 1 if any is pending."""
    sys.exit(asyncio.run(_show_status(read_settings())))


@app.command("grant")
def grant(role: str) -> None:
    """Grant a database role the privileges of a server; run this as the owner of the tables."""
    asyncio.run(_grant_privileges(read_settings(), role))


async def _show_status(settings: Settings) -> int:
    """Prints the state of every migration; returns 1 if any is pending, else 0."""
    from service.database import migrations

    async with _connected(settings) as database:
        schema = await migrations.status(database)
    for name in schema.applied:
        console.print(f"applied {name}")
    for name in schema.pending:
        console.print(f"pending {name}")
    return int(not schema.is_current)


async def _grant_privileges(settings: Settings, role: str) -> None:
    from service.database.grants import grant

    async with _connected(settings) as database:
        await grant(database, role)
    console.print(f"{role} may serve; it can add to the audit trail and change nothing of it")


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    import asyncpg

    database = await asyncpg.connect(settings.database_url.get_secret_value(), statement_cache_size=0)
    try:
        yield database
    finally:
        await database.close()
