"""The command line as an operator sees it: output, exit codes, and no secret on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from service.database import migrations
from service.local.postgres import EmbeddedPostgres
from service.settings import Settings
from tests.processes import run, variables_of

VERSIONS = migrations.known_versions()


@pytest.fixture
def variables(settings: Settings) -> dict[str, Any]:
    """The variables of an operator's shell."""
    return variables_of(settings)


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """The address of a PostgreSQL that does not run."""
    return EmbeddedPostgres(tmp_path / "data", log_file=tmp_path / "log").url("marquee")


def test_config_tells_every_setting_and_no_secret(variables: dict[str, Any]) -> None:
    secrets = {name: f"secret-{name}-" + "x" * 32 for name in ("index_key", "page_token_key", "data_keys")}
    told = run("config", **variables | secrets | {"database_url": "postgresql://ada:hunter2@db/marquee"})
    assert told.returncode == 0
    for name in Settings.model_fields:
        assert f"MARQUEE_{name.upper()} " in told.stdout
    assert "hunter2" not in told.stdout
    assert "secret-" not in told.stdout
    assert str(variables["keys_dir"]) in told.stdout


def test_migrations_go_down_and_up_and_their_state_is_told(variables: dict[str, Any]) -> None:
    applied = "".join(f"applied {version}\n" for version in VERSIONS)
    told = run("migrate", "status", **variables)
    assert (told.returncode, told.stdout) == (0, applied)
    told = run("migrate", "down", **variables)
    assert (told.returncode, told.stdout) == (0, f"reverted {VERSIONS[-1]}\n")
    told = run("migrate", "status", **variables)
    assert (told.returncode, told.stdout.splitlines()[-1]) == (1, f"pending {VERSIONS[-1]}")
    told = run("migrate", "down", "--all", **variables)
    assert told.stdout == "".join(f"reverted {version}\n" for version in reversed(VERSIONS[:-1]))
    told = run("migrate", "down", **variables)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == "marquee: the database has no migrations to revert\n"
    told = run("migrate", "up", **variables)
    assert (told.returncode, told.stdout) == (0, applied)


@pytest.mark.parametrize("command", ["up", "status"])
def test_a_database_that_is_away_is_one_sentence(variables: dict[str, Any], nowhere: str, command: str) -> None:
    told = run("migrate", command, **variables | {"database_url": nowhere})
    assert told.returncode == 1
    assert told.stderr == "marquee: FileNotFoundError: No such file or directory\n"


async def test_a_migration_that_meets_a_lock_gives_up_and_changes_nothing(
    variables: dict[str, Any], database: asyncpg.Connection
) -> None:
    async with database.transaction():
        await database.execute("LOCK TABLE movies IN ACCESS SHARE MODE")
        told = run("migrate", "down", **variables | {"database_lock_timeout": 0.2})
    assert told.returncode == 1
    assert "LockNotAvailableError" in told.stderr
    assert "Traceback" not in told.stderr
    assert (await migrations.status(database)).is_current


def test_a_database_without_its_schema_is_one_sentence(postgres: EmbeddedPostgres, variables: dict[str, Any]) -> None:
    told = run("tokens", "list", **variables | {"database_url": postgres.url("postgres")})
    assert told.returncode == 1
    assert told.stderr == 'marquee: UndefinedTableError: relation "service_tokens" does not exist\n'


def test_a_token_without_a_key_or_a_scope_is_refused(tmp_path: Path, variables: dict[str, Any]) -> None:
    told = run("tokens", "issue", "--service", "x", "--scope", "media.register", **variables | {"keys_dir": tmp_path})
    assert told.returncode == 1
    assert "MARQUEE_KEYS_DIR" in told.stderr
    assert "Traceback" not in told.stderr
    assert run("tokens", "issue", "--service", "x", **variables).returncode == 2
