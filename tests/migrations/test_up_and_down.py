"""The migrations as a whole: up, down and up again, by several at once, and against newer and older programs."""

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
# Extensions are shared with whatever else lives in the database, and aerich's own table keeps its record.
STAYS = re.compile(
    r"^((CREATE|COMMENT ON) EXTENSION|(CREATE|ALTER) (TABLE|SEQUENCE)[^;]* public\.aerich)[^;]*;\n", re.MULTILINE
)


@pytest.fixture
async def empty(postgres: EmbeddedPostgres, make_settings: SettingsFactory) -> AsyncIterator[Settings]:
    """Settings with a database that holds nothing."""
    postgres.ensure_database("unmigrated")
    yield make_settings(database_url=postgres.url("unmigrated"))
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute("DROP DATABASE unmigrated WITH (FORCE)")
    await admin.close()


async def schema(settings: Settings) -> str:
    """Returns all that pg_dump tells of a database's schema."""
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


async def test_each_step_down_and_up_gives_the_same_schema(empty: Settings) -> None:
    await migrations.up(empty)
    newest = await schema(empty)
    assert await migrations.down(empty) == [migrations.known_versions()[-1]]
    assert await migrations.up(empty) == [migrations.known_versions()[-1]]
    assert await schema(empty) == newest
    assert await migrations.up(empty) == []


async def test_nothing_to_revert_is_told(empty: Settings) -> None:
    with pytest.raises(migrations.NothingToRevert):
        await migrations.down(empty)


async def test_of_two_processes_at_once_one_migrates(empty: Settings) -> None:
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
    said = sorted([(await process.communicate())[0].decode() for process in processes])
    assert [process.returncode for process in processes] == [0, 0]
    applied = "".join(f"applied {version}\n" for version in migrations.known_versions())
    assert said == [applied, "nothing to apply\n"]


async def test_a_newer_schema_than_the_programs_counts_as_current(database: asyncpg.Connection) -> None:
    newer = "99_20991231000000_later.py"
    await database.execute("INSERT INTO aerich (version, app, content) VALUES ($1, 'marquee', '{}')", newer)
    status = await migrations.status(database)
    assert status.is_current
    assert status.applied[-1] == newer.removesuffix(".py")


async def test_an_older_schema_is_told_with_what_is_pending(database: asyncpg.Connection) -> None:
    newest = migrations.known_versions()[-1]
    await database.execute("DELETE FROM aerich WHERE version = $1", f"{newest}.py")
    status = await migrations.status(database)
    assert not status.is_current
    assert status.pending == (newest,)
