"""Commands on the database's schema."""

from __future__ import annotations

from service.commands.terminal import console
from service.settings import Settings


async def migrate_up(settings: Settings) -> None:
    """Applies what is pending and says what it was."""
    from service.database import migrations

    applied = await migrations.up(settings)
    console.print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


async def migrate_down(settings: Settings, *, to_empty: bool) -> None:
    """Reverts the newest migration or all, and says which."""
    from service.database import migrations

    for name in await migrations.down(settings, to_empty=to_empty):
        console.print(f"reverted {name}")


async def migrate_status(settings: Settings) -> int:
    """Prints how far the database is; returns 1 when migrations are pending, else 0."""
    import asyncpg

    from service.database import migrations

    database = await asyncpg.connect(settings.database_url.get_secret_value(), statement_cache_size=0)
    try:
        schema = await migrations.status(database)
    finally:
        await database.close()
    for name in schema.applied:
        console.print(f"applied {name}")
    for name in schema.pending:
        console.print(f"pending {name}")
    return int(not schema.is_current)


async def grant_privileges(settings: Settings, role: str) -> None:
    """Gives a role of the database what a server needs."""
    import asyncpg

    from service.database.grants import grant

    database = await asyncpg.connect(settings.database_url.get_secret_value(), statement_cache_size=0)
    try:
        await grant(database, role)
    finally:
        await database.close()
    console.print(f"{role} may serve; it can add to the audit trail and change nothing of it")


async def create_migration(settings: Settings, name: str) -> None:
    """Writes a migration for what changed in the models and says which file."""
    from service.database import migrations

    version = await migrations.create(settings, name)
    console.print(f"wrote migrations/marquee/{version}" if version else "the models have not changed")
