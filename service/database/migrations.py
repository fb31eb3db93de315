"""Schema migrations: applies aerich's files, one process at a time, and reports the state of a database.

The files are the only source of the schema. A wheel holds them in `service/migrations/`, a checkout in `migrations/`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from aerich import Command

from service.database.locks import AdvisoryLock
from service.database.orm import APP, connected, tortoise_config
from service.settings import Settings

LOCK_INTERVAL = 0.1


@dataclass(frozen=True)
class SchemaStatus:
    """State of the schema of a database."""

    applied: tuple[str, ...]
    """Versions that the database has, oldest first."""
    pending: tuple[str, ...]
    """Versions that this program brings and the database does not have, oldest first."""

    @property
    def is_current(self) -> bool:
        """True if nothing is pending. A schema newer than this program is current, too."""
        return not self.pending


class MigrationRefused(RuntimeError):
    """The database cannot be migrated in this way."""


class NothingToRevert(MigrationRefused):
    """The database has no migration to revert."""


class UnknownMigrations(MigrationRefused):
    """The database has migrations of which this program has no files."""

    def __init__(self, versions: tuple[str, ...]) -> None:
        super().__init__(
            f"the database has migrations that this program does not know ({', '.join(versions)}): "
            "use the version of Marquee that applied them, or a new database"
        )


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
    """Reads the state of a database. Raises asyncpg's errors if the database cannot be reached."""
    try:
        rows = await database.fetch("SELECT version FROM aerich WHERE app = $1 ORDER BY id", APP)
    except asyncpg.UndefinedTableError:
        rows = []
    applied = tuple(row["version"].removesuffix(".py") for row in rows)
    return SchemaStatus(applied, tuple(name for name in known_versions() if name not in applied))


async def up(settings: Settings) -> list[str]:
    """Applies every pending migration, each in its own transaction. Returns their versions.

    Raises UnknownMigrations if the database has another history than the files of this program.
    """
    async with _migrating(settings) as (command, database):
        schema = await status(database)
        unknown = _unknown(schema.applied)
        if unknown and schema.pending:
            raise UnknownMigrations(unknown)
        return [name.removesuffix(".py") for name in await command.upgrade(run_in_transaction=True)]


async def down(settings: Settings, *, to_empty: bool = False) -> list[str]:
    """Reverts the newest migration, or all of them. Returns their versions, newest first.

    Raises NothingToRevert, and UnknownMigrations if this program has no file of a migration to revert.
    """
    reverted: list[str] = []
    async with _migrating(settings) as (command, database):
        while applied := (await status(database)).applied:
            if unknown := _unknown(applied if to_empty else applied[-1:]):
                raise UnknownMigrations(unknown)
            reverted += [name.removesuffix(".py") for name in await command.downgrade(version=-1, delete=False)]
            if not to_empty:
                break
    if not reverted:
        raise NothingToRevert("the database has no migrations to revert")
    return reverted


async def create(settings: Settings, name: str, *, empty: bool = False) -> str:
    """Writes a migration file for the changes of the models since the newest file. Returns its version.

    Returns "" and writes nothing if the models have not changed, unless `empty`: then the file has no statements, for
    SQL that the ORM cannot generate. Needs no database: the newest file holds the state of its models.
    """
    async with connected(settings):
        command = _command(settings)
        await command.init(offline=True)
        written = await command.migrate(name, empty=empty, no_input=True, offline=True)
    if not written:
        return ""
    # aerich numbers files without zeros; with zeros, every listing has their order.
    number, rest = written.split("_", 1)
    file = migrations_folder() / APP / written
    return file.rename(file.with_name(f"{int(number):04}_{rest}")).stem


@asynccontextmanager
async def _migrating(settings: Settings) -> AsyncIterator[tuple[Command, asyncpg.Connection[asyncpg.Record]]]:
    """Connects, and excludes other migrating processes until the block ends."""
    guard = await asyncpg.connect(settings.database_url.get_secret_value(), statement_cache_size=0)
    try:
        # Polled, because CREATE INDEX CONCURRENTLY waits for the snapshots of running statements, also of one that
        # waits for this lock.
        while not await guard.fetchval("SELECT pg_try_advisory_lock($1)", AdvisoryLock.MIGRATION):  # noqa: ASYNC110 - a lock
            await asyncio.sleep(LOCK_INTERVAL)
        async with connected(_with_long_timeout(settings)):
            command = _command(settings)
            await command.init()
            yield command, guard
    finally:
        await guard.close()


def _unknown(versions: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the versions of which this program has no file."""
    known = known_versions()
    return tuple(version for version in versions if version not in known)


def _with_long_timeout(settings: Settings) -> Settings:
    """Returns the settings with a statement timeout of an hour: building an index takes long."""
    return settings.model_copy(update={"database_statement_timeout": 3600.0, "database_pool_size": 2})


def _command(settings: Settings) -> Command:
    return Command(tortoise_config(settings), app=APP, location=str(migrations_folder()))


def _number(version: str) -> int:
    return int(version.split("_", 1)[0])
