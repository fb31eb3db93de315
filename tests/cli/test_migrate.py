"""`marquee migrate`: output, exit codes, and the confirmation before all data is removed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from service.database import migrations
from tests.processes import run

VERSIONS = migrations.known_versions()


def name_of(database_url: str) -> str:
    """Returns the name of the database of a URL."""
    return urlsplit(database_url).path.removeprefix("/")


def states(output: str) -> list[list[str]]:
    """Returns the state and the name of each migration that `migrate status` printed."""
    header, *lines = output.splitlines()
    assert header.split() == ["state", "migration"]
    return [line.split() for line in lines]


def test_migrations_go_down_and_up_and_status_shows_it(variables: dict[str, Any]) -> None:
    applied = "".join(f"applied {version}\n" for version in VERSIONS)
    done = run("migrate", "status", **variables)
    assert (done.returncode, states(done.stdout)) == (0, [["applied", version] for version in VERSIONS])
    done = run("migrate", "down", "--yes", **variables)
    assert (done.returncode, done.stdout) == (0, f"reverted {VERSIONS[-1]}\n")
    done = run("migrate", "status", "--json", **variables)
    assert done.returncode == 1
    assert json.loads(done.stdout)[-1] == {"state": "pending", "migration": VERSIONS[-1]}
    done = run("migrate", "down", "--all", "--yes", **variables)
    assert done.stdout == "".join(f"reverted {version}\n" for version in reversed(VERSIONS[:-1]))
    done = run("migrate", "down", **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "marquee: the database has no migrations to revert\n"
    done = run("migrate", "up", **variables)
    assert (done.returncode, done.stdout) == (0, applied)


async def test_all_migrations_are_reverted_only_after_the_name_of_the_database(
    variables: dict[str, Any], database: asyncpg.Connection
) -> None:
    name = name_of(variables["database_url"])
    for typed in ("", "yes\n", f"{name}x\n"):
        done = run("migrate", "down", "--all", typed=typed, **variables)
        assert done.returncode == 1
        assert f"This removes all data of the database {name}. Type its name to confirm" in done.stdout
        assert (await migrations.status(database)).is_current
    assert "the names differ; nothing was reverted" in done.stderr
    assert run("migrate", "down", "--all", typed=f"{name}\n", **variables).returncode == 0
    assert (await migrations.status(database)).applied == ()


@pytest.mark.parametrize("option", ["--all", "--yes"])
async def test_production_refuses_to_remove_all_data(
    variables: dict[str, Any], database: asyncpg.Connection, option: str
) -> None:
    """Reverting the oldest migration also removes all data."""
    await database.execute("DELETE FROM aerich WHERE id > (SELECT min(id) FROM aerich)")
    name = name_of(variables["database_url"])
    done = run("migrate", "down", option, typed=f"{name}\n", **variables | {"profile": "production"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"marquee: this removes all data of the database {name}, which the production profile refuses;"
        " set MARQUEE_PROFILE=development to do it\n"
    )
    assert await database.fetchval("SELECT count(*) FROM users") == 0


async def test_a_migration_that_waits_for_a_lock_fails_and_changes_nothing(
    variables: dict[str, Any], database: asyncpg.Connection
) -> None:
    async with database.transaction():
        await database.execute("LOCK TABLE movies IN ACCESS SHARE MODE")
        done = run("migrate", "down", "--yes", **variables | {"database_lock_timeout": 0.2})
    assert done.returncode == 1
    sentence = "another session locks a table for longer than MARQUEE_DATABASE_LOCK_TIMEOUT; repeat later"
    assert done.stderr == f"marquee: {sentence}\n"
    assert (await migrations.status(database)).is_current
