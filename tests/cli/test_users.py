"""`marquee users` as an operator uses it."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import asyncpg
import pytest
from marquee.users.v1 import users_pb2

from service.settings import Settings
from tests.client import PASSWORD, Client, refused
from tests.media.uploads import upload
from tests.object_storage import ObjectStorage
from tests.outage import Served, served
from tests.processes import run

OTHER_PASSWORD = "staple battery horse"
FILES = {
    "account.json",
    "profile.json",
    "sessions.json",
    "files.json",
    "favorites.json",
    "watchlist.json",
    "ratings.json",
    "dismissed_recommendations.json",
    "audit_events.json",
}


@pytest.fixture
async def system(settings: Settings, objects: ObjectStorage) -> AsyncIterator[Served]:
    """A server with working storage."""
    async with served(settings, objects.storage) as running:
        yield running


async def sign_in(client: Client, login: str, password: str) -> users_pb2.LoginResponse:
    answer: users_pb2.LoginResponse = await client.users.Login(users_pb2.LoginRequest(login=login, password=password))
    return answer


async def test_a_created_superuser_can_sign_in(client: Client, variables: dict[str, Any]) -> None:
    create = ("users", "create-superuser", "root", "--email", "root@example.org")
    done = run(*create, typed=f"{PASSWORD}\n", **variables)
    assert (done.returncode, done.stdout) == (0, "created root\n")
    user = (await sign_in(client, "root@example.org", PASSWORD)).user
    assert (user.username, user.is_staff, user.is_superuser) == ("root", True, True)
    assert run(*create, typed=f"{PASSWORD}\n", **variables).returncode == 1


async def test_a_password_is_set_by_name_or_address_and_ends_sessions(
    client: Client, variables: dict[str, Any]
) -> None:
    user = await client.registered("ada")
    for login, password in (("Ada", OTHER_PASSWORD), ("ADA@example.org", PASSWORD)):
        done = run("users", "set-password", login, typed=f"{password}\n", **variables)
        assert (done.returncode, done.stderr) == (0, "")
        assert (await sign_in(client, "ada", password)).user.id == user.user_id
    refresh = users_pb2.RefreshTokensRequest(refresh_token=user.refresh_token)
    assert (await refused(client.users.RefreshTokens(refresh))).reason == "TOKEN_INVALID"


async def test_the_rules_of_registration_apply_to_operators(client: Client, variables: dict[str, Any]) -> None:
    await client.registered("ada")
    for arguments, password, field in (
        (("set-password", "ada"), "abc", "new_password"),
        (("set-password", "ada"), "", "new_password"),
        (("set-password", "ada"), "password1", "new_password"),
        (("create", "b", "--email", "b@example.org"), PASSWORD, "username"),
        (("create-superuser", "bob", "--email", "nowhere"), PASSWORD, "email"),
        (("create-superuser", "bob", "--email", "bob@example.org"), "abc", "password"),
    ):
        done = run("users", *arguments, typed=f"{password}\n", **variables)
        assert done.returncode == 2, arguments
        assert done.stderr.startswith(f"marquee: invalid request: {field}: "), done.stderr
    assert (await sign_in(client, "ada", PASSWORD)).user.username == "ada"


async def test_a_reactivated_account_can_sign_in(client: Client, variables: dict[str, Any]) -> None:
    user = await client.registered("ada")
    assert run("users", "deactivate", "ada", **variables).returncode == 0
    login = users_pb2.LoginRequest(login="ada", password=PASSWORD)
    assert (await refused(client.users.Login(login))).reason == "CREDENTIALS_INVALID"
    assert run("users", "activate", "ada@example.org", **variables).returncode == 0
    assert (await sign_in(client, "ada", PASSWORD)).user.id == user.user_id


async def test_accounts_are_listed_by_the_filters_of_the_rpc(
    client: Client, database: asyncpg.Connection, variables: dict[str, Any]
) -> None:
    for name in ("ada", "bob", "cleo"):
        await client.registered(name)
    await database.execute("UPDATE users SET is_staff = true, is_superuser = username = 'cleo' WHERE username <> 'ada'")
    await database.execute(
        "UPDATE users SET is_active = false, date_joined = '2020-02-02T12:00Z' WHERE username = 'bob'"
    )
    listed = json.loads(run("users", "list", "--json", **variables).stdout)
    assert [(entry["username"], entry["email"], entry["role"], entry["is_active"]) for entry in listed] == [
        ("cleo", "cleo@example.org", "superuser", True),
        ("bob", "bob@example.org", "staff", False),
        ("ada", "ada@example.org", "user", True),
    ]
    assert listed[1]["joined"] == "2020-02-02T12:00:00Z"
    options = {
        "--role user": "ada",
        "--role staff --active": "cleo",
        "--inactive": "bob",
        "--joined-from 2020-02-02T12:00:01": "cleo ada",
        "--joined-from 2020-02-02 --joined-before 2020-02-03": "bob",
        "--text DA": "ada",
        "--text Bob@example.org": "bob",
    }
    for option, names in options.items():
        done = run("users", "list", *option.split(), **variables)
        assert [line.split()[1] for line in done.stdout.splitlines()[1:]] == names.split(), option
    done = run("users", "list", "--limit", "1", **variables)
    assert done.stdout.splitlines()[-1] == "there are more: raise --limit above 1, or use a filter"
    assert run("users", "list", "--text", "nobody", **variables).stdout == "no account matches\n"


@pytest.mark.parametrize("command", ["set-password", "activate", "deactivate", "export", "erase"])
def test_an_unknown_name_is_one_sentence(variables: dict[str, Any], tmp_path: Path, command: str) -> None:
    options = {"export": ("--output", str(tmp_path / "x.zip")), "erase": ("--yes",)}.get(command, ())
    done = run("users", command, "nobody@example.org", *options, typed=f"{PASSWORD}\n", **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "marquee: no account has the name or address nobody@example.org\n"
    assert files_in(tmp_path) == []


async def test_an_export_is_complete_private_and_readable(
    system: Served, objects: ObjectStorage, database: asyncpg.Connection, variables: dict[str, Any], tmp_path: Path
) -> None:
    user = await system.client.registered("ada")
    answer = await user.media.CreateUpload(upload())
    objects.upload(answer, b"the picture itself")
    await user.media.CreateUpload(upload())
    await database.execute("INSERT INTO movies (title) SELECT 'Film ' || n FROM generate_series(1, 2) AS n")
    await database.execute(
        "INSERT INTO movie_ratings (user_id, movie_id, rating, review) SELECT $1, id, 5, 'Prächtig' FROM movies",
        user.user_id,
    )
    output = tmp_path / "ada.zip"
    with objects.credentials():
        done = run("users", "export", "ada", "--output", str(output), **variables | used_by(objects))
    assert (done.returncode, done.stdout) == (0, f"wrote {output}\n"), done.stderr
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert files_in(tmp_path) == [output]
    with ZipFile(output) as archive:
        assert set(archive.namelist()) == FILES | {f"images/{answer.file.id}.jpeg"}
        assert archive.read(f"images/{answer.file.id}.jpeg") == b"the picture itself"
        texts = {name: archive.read(name).decode() for name in FILES}
        assert min(entry.date_time for entry in archive.infolist())[0] > 1980
        assert {entry.external_attr >> 16 & 0o077 for entry in archive.infolist()} == {0}
    account, ratings = json.loads(texts["account.json"]), json.loads(texts["ratings.json"])
    assert (account["id"], account["email"]) == (user.user_id, "ada@example.org")
    assert [(rating["title"], rating["review"]) for rating in ratings] == [
        ("Film 1", "Prächtig"),
        ("Film 2", "Prächtig"),
    ]
    assert json.loads(texts["favorites.json"]) == []
    assert "\n    " in texts["ratings.json"], "indented"
    assert [event["action"] for event in json.loads(texts["audit_events.json"])] == ["users.register", "users.export"]


async def test_an_export_does_not_replace_a_file(client: Client, variables: dict[str, Any], tmp_path: Path) -> None:
    await client.registered("ada")
    output = tmp_path / "ada.zip"
    output.write_text("precious")
    done = run("users", "export", "ada", "--output", str(output), **variables)
    assert done.returncode == 1
    assert done.stderr == f"marquee: {output} already exists\n"
    assert output.read_text() == "precious"
    assert files_in(tmp_path) == [output]


async def test_a_failed_export_leaves_no_file(client: Client, variables: dict[str, Any], tmp_path: Path) -> None:
    user = await client.registered("ada")
    await user.media.CreateUpload(upload())
    done = run("users", "export", "ada", "--output", str(tmp_path / "ada.zip"), **variables)
    assert done.returncode == 1
    sentence = "http://127.0.0.1:1 cannot be reached: correct MARQUEE_S3_ENDPOINT_URL or AWS_ENDPOINT_URL"
    assert done.stderr == f"marquee: {sentence}\n"
    assert files_in(tmp_path) == []


async def test_an_erasure_asks_for_the_name(
    client: Client, database: asyncpg.Connection, variables: dict[str, Any]
) -> None:
    user = await client.registered("ada")
    await user.media.CreateUpload(upload())
    for typed in ("", "yes\n", "Ada\n"):
        done = run("users", "erase", "ada", typed=typed, **variables)
        assert done.returncode == 1
        assert await database.fetchval("SELECT count(*) FROM users") == 1
    assert "nothing was erased" in done.stderr
    done = run("users", "erase", "ada", typed="ada\n", **variables)
    assert done.returncode == 0
    assert done.stdout.endswith("ada is erased\n")
    assert "removal.failed" in done.stderr, "storage is away"
    assert "locals" not in done.stderr
    assert await database.fetchval("SELECT count(*) FROM users") == 0
    event = await database.fetchrow("SELECT * FROM audit_log WHERE action = 'users.erase'")
    assert event is not None
    assert event["actor_user_id"] is None


async def test_an_erasure_by_address_deletes_images(
    system: Served, objects: ObjectStorage, database: asyncpg.Connection, variables: dict[str, Any]
) -> None:
    user = await system.client.registered("ada")
    answer = await user.media.CreateUpload(upload())
    objects.upload(answer)
    with objects.credentials():
        done = run("users", "erase", "ada@example.org", "--yes", **variables | used_by(objects))
    assert (done.returncode, done.stdout) == (0, "ada@example.org is erased\n"), done.stderr
    assert await database.fetchval("SELECT count(*) FROM users") == 0
    assert objects.left(answer.file.key) == []


async def test_the_last_superuser_cannot_be_erased(client: Client, variables: dict[str, Any]) -> None:
    await client.promoted(await client.registered("ada"), superuser=True)
    done = run("users", "erase", "ada", "--yes", **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "marquee: this is the only active superuser; create another one first\n"


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def used_by(objects: ObjectStorage) -> dict[str, str]:
    """Returns the variables of a server with this storage."""
    return {"s3_endpoint_url": objects.aws.endpoint_url}
