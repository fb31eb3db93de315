"""`marquee keys` as an operator uses it: rotating, listing and retiring signing keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from service.auth import keys
from service.auth.keys import KeyRing
from tests.auth.key_files import create_key
from tests.processes import run

DAY = timedelta(days=1)
REFRESH_TTL = timedelta(days=30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of the test's keys."""
    return tmp_path / "keys"


@pytest.fixture
def variables(variables: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same with the test's folder of keys."""
    return variables | {"keys_dir": folder}


@pytest.fixture
def without_database(variables: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """The same variables, with the URL of a database that does not run."""
    return variables | {"database_url": f"postgresql:///marquee?host={tmp_path}"}


def kids(folder: Path) -> list[str]:
    return list(KeyRing.load(folder).verifying)


def states(done: str) -> dict[str, str]:
    """Returns the state of each key that `keys list` printed."""
    header, *lines = done.splitlines()
    at = header.index("state")
    return {line.split()[0]: line[at:].split()[0] for line in lines}


def test_the_first_key_signs_at_once_and_the_next_one_later(folder: Path, without_database: dict[str, Any]) -> None:
    done = run("keys", "rotate", **without_database)
    (first,) = kids(folder)
    (file,) = folder.iterdir()
    assert (done.returncode, done.stdout) == (0, f"created {first} in {file}\nit signs from now on\n")
    assert [path.stat().st_mode & 0o777 for path in (folder, file)] == [0o700, 0o600]
    done = run("keys", "rotate", **without_database)
    _, second = kids(folder)
    created_at = KeyRing.load(folder).keys[1].created_at
    assert created_at
    signs_from = created_at + timedelta(minutes=10)
    assert done.stdout.splitlines()[0].startswith(f"created {second} in {folder}")
    assert f"signs from {signs_from:%F %T}Z on" in done.stdout
    assert f"{first} may be retired from {signs_from + REFRESH_TTL + timedelta(minutes=1):%F %T}Z on" in done.stdout
    done = run("keys", "rotate", **without_database)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"marquee: {second} already waits and signs from {signs_from:%F %T} UTC: no other is needed\n"
    assert kids(folder) == [first, second]


def test_the_list_shows_the_state_of_each_key(folder: Path, variables: dict[str, Any]) -> None:
    old, signing, waiting = (
        create_key(folder, age=90 * DAY),
        create_key(folder, age=60 * DAY),
        create_key(folder, age=0 * DAY),
    )
    done = run("keys", "list", **variables)
    assert done.returncode == 0
    assert states(done.stdout) == {old: "verifying", signing: "signing", waiting: "next"}
    lines = dict(zip((old, signing, waiting), done.stdout.splitlines()[1:], strict=True))
    one, other, new = KeyRing.load(folder, activation_delay=600).keys
    for key in (one, other, new):
        assert key.file.name in lines[key.kid]
        assert f"{key.created_at:%F %T}Z" in lines[key.kid]
    takes_over = [(key.created_at or datetime.now(UTC)) + timedelta(minutes=10) for key in (other, new)]
    retires = [f"{moment + REFRESH_TTL + timedelta(minutes=1):%F %T}Z" for moment in takes_over]
    assert [lines[kid].split("  ")[-1] for kid in (old, signing, waiting)] == [*retires, "-"]


def test_only_a_key_whose_tokens_have_expired_is_retired(folder: Path, variables: dict[str, Any]) -> None:
    old, brief = create_key(folder, age=90 * DAY), create_key(folder, age=60 * DAY)
    signing, waiting = create_key(folder, age=9 * DAY), create_key(folder, age=0 * DAY)
    for kid, why in (
        (signing, "signs: add another key first"),
        (waiting, "will sign soon"),
        (brief, "may be valid until"),
        ("x" * 43, "has no key"),
    ):
        done = run("keys", "retire", kid, **variables)
        assert (done.returncode, done.stdout) == (1, "")
        assert kid in done.stderr
        assert why in done.stderr
    assert kids(folder) == [old, brief, signing, waiting]
    (file,) = (key.file for key in KeyRing.load(folder).keys if key.kid == old)
    done = run("keys", "retire", old, **variables)
    assert (done.returncode, done.stdout) == (0, f"removed {file}\n")
    assert kids(folder) == [brief, signing, waiting]


async def test_a_key_with_valid_service_tokens_is_not_retired(
    folder: Path, variables: dict[str, Any], database: asyncpg.Connection
) -> None:
    old, signing = create_key(folder, age=900 * DAY), create_key(folder, age=800 * DAY)
    ends = datetime.now(UTC) + DAY
    for kid, expires_at, revoked_at in (
        (old, ends, None),
        (old, ends + DAY, ends),
        (old, ends - 9 * DAY, None),
        (signing, ends + DAY, None),
    ):
        await database.execute(
            "INSERT INTO service_tokens (id, service, scopes, kid, expires_at, revoked_at)"
            " VALUES ($1, 'robot', '[]', $2, $3, $4)",
            uuid4(), kid, expires_at, revoked_at,
        )  # fmt: skip
    done = run("keys", "retire", old, **variables)
    assert done.stderr == f"marquee: tokens signed by {old} may be valid until {ends:%F %T} UTC\n"
    assert f"{ends:%F %T}Z" in run("keys", "list", **variables).stdout
    await database.execute("UPDATE service_tokens SET revoked_at = now()")
    assert run("keys", "retire", old, **variables).returncode == 0
    assert kids(folder) == [signing]


def test_a_forced_retirement_removes_a_key_with_valid_tokens(folder: Path, without_database: dict[str, Any]) -> None:
    """It works without a database. The last key is never removed, because running servers would continue to use it."""
    signing, waiting = create_key(folder, age=9 * DAY), create_key(folder, age=0 * DAY)
    done = run("keys", "retire", signing, "--force", **without_database)
    assert done.returncode == 0
    assert "servers refuse tokens that it signed within seconds" in done.stdout
    assert kids(folder) == [waiting]
    done = run("keys", "retire", "--force", waiting, **without_database)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"marquee: {waiting} is the only key: add another first (marquee keys rotate)\n"
    assert kids(folder) == [waiting]


def test_a_key_with_an_unknown_end_of_signing_is_only_retired_by_force(folder: Path, variables: dict[str, Any]) -> None:
    for name in ("a", "b"):
        keys.generate(folder).rename(folder / f"{name}.pem")
    first, second = kids(folder)
    assert states(run("keys", "list", **variables).stdout) == {first: "verifying", second: "signing"}
    done = run("keys", "retire", first, **variables)
    assert done.returncode == 1
    assert f"it is unknown when {first} stopped signing" in done.stderr
    assert run("keys", "retire", "--force", first, **variables).returncode == 0
    assert kids(folder) == [second]


def test_a_kid_that_begins_with_the_help_option_is_not_an_option(
    folder: Path, without_database: dict[str, Any]
) -> None:
    """A kid is base64url: one of 4,096 begins with -h."""
    kid = create_key(folder, age=DAY)
    while not kid.startswith("-h"):
        for file in folder.iterdir():
            file.unlink()
        kid = create_key(folder, age=DAY)
    other = create_key(folder, age=0 * DAY)
    assert "Usage" in run("keys", "retire", "-h", **without_database).stdout
    assert run("keys", "retire", kid, "--force", **without_database).returncode == 0
    assert kids(folder) == [other]
