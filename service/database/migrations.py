"""Schema migrations: applies aerich's files, one process at a time, and tells how far a database is.

The files are the only way a schema is made. They are found beside the package in a wheel and in `migrations/` of a
checkout.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from aerich import Command

from service.database.orm import APP, connected, tortoise_config
from service.settings import Settings

# Any fixed number: names the lock that keeps two migrating processes apart.
ADVISORY_LOCK = 0x4D617271
LOCK_INTERVAL = 0.1


@dataclass(frozen=True)
class SchemaStatus:
    """How far a database's schema is."""

    applied: tuple[str, ...]
    """Versions in the database, oldest first."""
    pending: tuple[str, ...]
    """Versions that this program brings and the database lacks, oldest first."""

    @property
    def is_current(self) -> bool:
        """True when nothing is pending; a newer schema than this program's counts as current."""
        return not self.pending


class NothingToRevert(RuntimeError):
    """The database has no migration to go down from."""


def migrations_folder() -> Path:
    """Returns the folder that holds the migration files."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "migrations"
    return packaged if packaged.is_dir() else package.parent / "migrations"


def known_versions() -> tuple[str, ...]:
    """Returns the versions that this program brings, oldest first."""
    files = (path.stem for path in (migrations_folder() / APP).glob("[0-9]*_*.py"))
    return tuple(sorted(files, key=_number))


async def status(database: asyncpg.Connection[asyncpg.Record]) -> SchemaStatus:
    """Reads how far a database is; raises what asyncpg raises when it cannot be reached."""
    try:
        rows = await database.fetch("SELECT version FROM aerich WHERE app = $1 ORDER BY id", APP)
    except asyncpg.UndefinedTableError:
        rows = []
    applied = tuple(row["version"].removesuffix(".py") for row in rows)
    newest = max(map(_number, applied), default=-1)
    return SchemaStatus(applied, tuple(name for name in known_versions() if _number(name) > newest))


async def up(settings: Settings) -> list[str]:
    """Applies every pending migration, each in a transaction of its own; returns their versions."""
    async with _migrating(settings) as (command, _):
        return [name.removesuffix(".py") for name in await command.upgrade(run_in_transaction=True)]


async def down(settings: Settings, *, to_empty: bool = False) -> list[str]:
    """Reverts the newest migration, or all of them; returns their versions.

    Raises NothingToRevert.
    """
    reverted: list[str] = []
    async with _migrating(settings) as (command, database):
        while (await status(database)).applied:
            reverted += [name.removesuffix(".py") for name in await command.downgrade(version=-1, delete=False)]
            if not to_empty:
                break
    if not reverted:
        raise NothingToRevert("the database has no migrations to revert")
    return reverted


async def create(settings: Settings, name: str) -> str:
    """Writes a migration for what changed in the models since the newest file; returns its version, or "".

    Needs no database: the newest file carries the state of the models it was written for.
    """
    async with connected(settings):
        command = _command(settings)
        await command.init(offline=True)
        return str(await command.migrate(name, no_input=True, offline=True) or "")


@asynccontextmanager
async def _migrating(settings: Settings) -> AsyncIterator[tuple[Command, asyncpg.Connection[asyncpg.Record]]]:
    """Connects and keeps every other migrating process out until the block ends."""
    guard = await asyncpg.connect(settings.database_url.get_secret_value(), statement_cache_size=0)
    try:
        # Not a waiting statement: an index that is built CONCURRENTLY would wait for its snapshot in turn.
        while not await guard.fetchval("SELECT pg_try_advisory_lock($1)", ADVISORY_LOCK):  # noqa: ASYNC110 - a lock
            await asyncio.sleep(LOCK_INTERVAL)
        async with connected(_patient(settings)):
            command = _command(settings)
            await command.init()
            yield command, guard
    finally:
        await guard.close()


def _patient(settings: Settings) -> Settings:
    """Returns the settings with the statement timeout of a migration: an index takes its time."""
    return settings.model_copy(update={"database_statement_timeout": 3600.0, "database_pool_size": 2})


def _command(settings: Settings) -> Command:
    return Command(tortoise_config(settings), app=APP, location=str(migrations_folder()))


def _number(version: str) -> int:
    return int(version.split("_", 1)[0])
