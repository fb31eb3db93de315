"""Failures that an operator can fix: one plain sentence, the same one in every command, and no traceback."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

import service
from service.cli.application import app
from service.cli.error_messages import NO_CREDENTIALS
from service.local.postgres import EmbeddedPostgres
from service.supervisor.ports import free_port
from tests.processes import ROOT, command, environment, run

DATABASE_COMMANDS = (
    ("migrate", "up"),
    ("migrate", "status"),
    ("tokens", "list"),
    ("users", "list"),
    ("import", "sample", "--no-posters"),
)
AWS_COMMANDS = (("media", "dead-letters", "list"), ("media", "reconcile"), ("import", "sample"))
LOCKED_ROLE = "role_with_a_password"


@pytest.fixture
def password_rule(postgres: EmbeddedPostgres) -> Iterator[None]:
    """A rule of PostgreSQL that LOCKED_ROLE needs a password."""
    file = postgres.socket_dir / "pg_hba.conf"
    rules = file.read_text(encoding="utf-8")
    file.write_text(f"local all {LOCKED_ROLE} scram-sha-256\n{rules}", encoding="utf-8")
    yield
    file.write_text(rules, encoding="utf-8")


@pytest.fixture
async def wrong_password_url(
    password_rule: None,  # noqa: ARG001 - PostgreSQL loads it below
    postgres: EmbeddedPostgres,
    admin: asyncpg.Connection,
) -> AsyncIterator[str]:
    """The URL of LOCKED_ROLE with a wrong password."""
    await admin.execute(f"CREATE ROLE {LOCKED_ROLE} LOGIN PASSWORD 'correct'")
    await admin.execute("SELECT pg_reload_conf()")
    yield postgres.url("postgres", user=LOCKED_ROLE).replace(f"{LOCKED_ROLE}@", f"{LOCKED_ROLE}:wrong@")
    await admin.execute(f"DROP ROLE {LOCKED_ROLE}")


def failures(commands: Sequence[Sequence[str]], env: dict[str, str]) -> set[tuple[int, str]]:
    """Runs commands and returns their exit codes with what they wrote to standard error."""

    def fail(arguments: Sequence[str]) -> tuple[int, str]:
        done = subprocess.run(
            command(*arguments), env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stderr

    with ThreadPoolExecutor(3) as pool:
        return set(pool.map(fail, commands))


def test_a_wrong_password_of_the_database_has_one_message(variables: dict[str, Any], wrong_password_url: str) -> None:
    sentence = "PostgreSQL refuses the user name or password: correct MARQUEE_DATABASE_URL"
    env = environment(**variables | {"database_url": wrong_password_url})
    assert failures(DATABASE_COMMANDS, env) == {(1, f"marquee: {sentence}\n")}


def test_a_database_that_cannot_be_reached_has_one_message(variables: dict[str, Any]) -> None:
    """The URL names a host with two addresses: asyncio then joins two errors into one text."""
    url = f"postgresql://localhost:{free_port()}/marquee"
    sentence = "PostgreSQL cannot be reached (connection refused): start it, or set MARQUEE_DATABASE_URL"
    assert failures(DATABASE_COMMANDS, environment(**variables | {"database_url": url})) == {
        (1, f"marquee: {sentence}\n")
    }


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "postgresql:///marquee?host=/nonexistent",
            "PostgreSQL cannot be reached (no such file or directory): start it, or set MARQUEE_DATABASE_URL",
        ),
        (
            "postgresql://no-such-host.invalid/marquee",
            "PostgreSQL cannot be reached (the host name is not known): start it, or set MARQUEE_DATABASE_URL",
        ),
        ("missing database", 'database "missing" does not exist: create it, or correct MARQUEE_DATABASE_URL'),
        (
            "no schema",
            (
                'the database has not the schema of this version (relation "service_tokens" does not exist):'
                " run `marquee migrate up`"
            ),
        ),
    ],
)
def test_each_other_problem_of_a_database_has_one_message(
    variables: dict[str, Any], postgres: EmbeddedPostgres, url: str, sentence: str
) -> None:
    commands = (("tokens", "list"), ("keys", "list") if "schema" in sentence else ("migrate", "up"))
    names = {"missing database": postgres.url("missing"), "no schema": postgres.url("postgres")}
    env = environment(**variables | {"database_url": names.get(url, url)})
    assert failures(commands, env) == {(1, f"marquee: {sentence}\n")}


def test_missing_aws_credentials_have_one_message(variables: dict[str, Any], tmp_path: Path) -> None:
    env = environment(**variables | {"s3_endpoint_url": "http://127.0.0.1:1"}, local_data=os.devnull)
    env = {name: value for name, value in env.items() if not name.startswith("AWS_")}
    env |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    ((code, text),) = failures(AWS_COMMANDS[:1], env)
    assert (code, text) == (1, f"marquee: {NO_CREDENTIALS}\n")
    for code, text in failures(AWS_COMMANDS[1:], env):
        assert (code, text.splitlines()[-1]) == (1, f"marquee: {NO_CREDENTIALS}")
        assert "Traceback" not in text


def test_a_storage_that_cannot_be_reached_is_one_sentence(variables: dict[str, Any]) -> None:
    env = environment(**variables) | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}", "AWS_REGION": "us-east-1"}
    ((code, text),) = failures(AWS_COMMANDS[:1], env)
    assert code == 1
    assert text.endswith(" cannot be reached: correct MARQUEE_S3_ENDPOINT_URL or AWS_ENDPOINT_URL\n")
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("migrate",),
        ("bogus",),
        ("tokens", "issue", "--service", "x"),
        ("tokens", "revoke", "not-a-uuid"),
        ("recommend", "activate", "newest"),
        ("import", "tmdb", "/nonexistent.csv", "/nonexistent.csv"),
        ("import", "movielens", "/nonexistent"),
        ("recommend", "evaluate", "--ratings", "/nonexistent.csv"),
        ("users", "list", "--role", "king"),
        ("users", "list", "--joined-from", "yesterday"),
        ("config", "--format", "yaml"),
    ],
)
def test_misuse_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [("-h",), ("--help",), ("users", "list", "-h"), ("--version",)])
def test_help_and_version_exit_with_0(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    assert done.output == f"marquee {service.__version__}\n" if "--version" in arguments else "Usage" in done.output


def test_a_token_without_a_key_or_a_scope_is_refused(tmp_path: Path, variables: dict[str, Any]) -> None:
    done = run("tokens", "issue", "--service", "x", "--scope", "media.register", **variables | {"keys_dir": tmp_path})
    assert done.returncode == 1
    assert "MARQUEE_KEYS_DIR" in done.stderr
    assert "Traceback" not in done.stderr
    assert run("tokens", "issue", "--service", "x", **variables).returncode == 2


def test_the_local_stack_names_a_setting_that_is_not_a_number(tmp_path: Path) -> None:
    done = run("local", "run", "--data", str(tmp_path), port="x")
    assert (done.returncode, done.stdout) == (1, "MARQUEE_PORT must be a number, not 'x'\n")
