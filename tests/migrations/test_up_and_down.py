"""All migrations: up, down and up again, several processes at once, and databases of other versions."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from service.database import migrations
from service.local.postgres import EmbeddedPostgres
from service.local.postgres_account import wheel_installation
from service.settings import Settings
from tests.conftest import SettingsFactory

ROOT = Path(__file__).parents[2]
NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|SET .*|)\n", re.MULTILINE)
# The extensions belong to the whole database, and aerich keeps its table.
STAYS = re.compile(
    r"^((CREATE|COMMENT ON) EXTENSION|(CREATE|ALTER) (TABLE|SEQUENCE)[^;]* public\.aerich)[^;]*;\n", re.MULTILINE
)


@pytest.fixture
async def empty(postgres: EmbeddedPostgres, make_settings: SettingsFactory) -> AsyncIterator[Settings]:
    """Settings with an empty database."""
    postgres.ensure_database("unmigrated")
    yield make_settings(database_url=postgres.url("unmigrated"))
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute("DROP DATABASE unmigrated WITH (FORCE)")
    await admin.close()


async def schema(settings: Settings) -> str:
    """Returns the schema of a database as pg_dump prints it."""
    program = wheel_installation() / "bin" / "pg_dump"
    url = settings.database_url.get_secret_value()
    process = await asyncio.create_subprocess_exec(program, "--schema-only", f"--dbname={url}", stdout=subprocess.PIPE)
    dumped, _ = await process.communicate()
    assert process.returncode == 0
    return NOISE.sub("", dumped.decode())


async def test_up_down_and_up_again_gives_the_same_schema(empty: Settings) -> None:
    before = await schema(empty)
    assert await migrations.up(empty) == list(migrations.known_versions())
    first = await schema(empty)
    assert await migrations.down(empty, to_empty=True) == list(reversed(migrations.known_versions()))
    assert STAYS.sub("", await schema(empty)) == before
    assert await migrations.up(empty) == list(migrations.known_versions())
    assert await schema(empty) == first


async def test_the_newest_down_and_up_gives_the_same_schema(empty: Settings) -> None:
    await migrations.up(empty)
    newest = await schema(empty)
    assert await migrations.down(empty) == [migrations.known_versions()[-1]]
    assert await migrations.up(empty) == [migrations.known_versions()[-1]]
    assert await schema(empty) == newest
    assert await migrations.up(empty) == []


async def test_an_empty_database_has_nothing_to_revert(empty: Settings) -> None:
    with pytest.raises(migrations.NothingToRevert):
        await migrations.down(empty)


async def test_one_of_two_concurrent_processes_migrates(empty: Settings) -> None:
    environment = {
        **os.environ,
        "MARQUEE_PROFILE": "development",
        "MARQUEE_DATABASE_URL": empty.database_url.get_secret_value(),
    }
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "service", "migrate", "up", cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    printed = sorted([(await process.communicate())[0].decode() for process in processes])
    assert [process.returncode for process in processes] == [0, 0]
    applied = "".join(f"applied {version}\n" for version in migrations.known_versions())
    assert printed == [applied, "nothing to apply\n"]


async def add_version(database: asyncpg.Connection, version: str) -> None:
    """Records a migration as applied."""
    await database.execute("INSERT INTO aerich (version, app, content) VALUES ($1, 'marquee', '{}')", f"{version}.py")


async def test_a_schema_newer_than_the_program_is_current(database: asyncpg.Connection, settings: Settings) -> None:
    newer = "0099_20991231000000_later"
    await add_version(database, newer)
    status = await migrations.status(database)
    assert status.is_current
    assert status.applied[-1] == newer
    assert await migrations.up(settings) == []


async def test_an_older_schema_is_reported_with_its_pending_versions(database: asyncpg.Connection) -> None:
    newest = migrations.known_versions()[-1]
    await database.execute("DELETE FROM aerich WHERE version = $1", f"{newest}.py")
    status = await migrations.status(database)
    assert not status.is_current
    assert status.pending == (newest,)


async def test_a_database_with_another_history_is_refused(database: asyncpg.Connection, settings: Settings) -> None:
    await database.execute("DELETE FROM aerich")
    await add_version(database, "0_20261121000000_init")
    before = await schema(settings)
    assert not (await migrations.status(database)).is_current
    for migrate in (migrations.up, migrations.down):
        with pytest.raises(migrations.UnknownMigrations, match=r"does not know \(0_20261121000000_init\)"):
            await migrate(settings)
    assert await schema(settings) == before


async def test_a_migration_without_a_file_is_not_reverted(database: asyncpg.Connection, settings: Settings) -> None:
    await add_version(database, "0099_20991231000000_later")
    for to_empty in (False, True):
        with pytest.raises(migrations.UnknownMigrations):
            await migrations.down(settings, to_empty=to_empty)
    assert (await migrations.status(database)).is_current
