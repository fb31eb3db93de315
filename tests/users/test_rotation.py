"""Rotation of data keys: all encrypted values of users are encrypted with the new key, and none is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet, InvalidToken
from google.protobuf.field_mask_pb2 import FieldMask
from google.type import date_pb2
from marquee.users.v1 import users_pb2
from pydantic import SecretStr

from service.auth.encryption import DataCipher
from service.database import orm
from service.media.storage import S3UploadStorage
from service.settings import Settings
from service.users import rotation
from tests.client import Client
from tests.outage import seconds_until, served
from tests.processes import run, variables_of

OWN = users_pb2.GetProfileRequest()
BORN = date_pb2.Date(year=1985, month=12, day=10)
ROTATE = ("keys", "rotate", "--data")
NEW = Fernet.generate_key().decode()


def with_data_keys(settings: Settings, *keys: str) -> Settings:
    return settings.model_copy(update={"data_keys": SecretStr(", ".join(keys))})


@pytest.fixture
def old(settings: Settings) -> str:
    """The key with which all values are encrypted at first."""
    return settings.data_keys.get_secret_value()


@pytest.fixture
def both(settings: Settings, old: str) -> dict[str, Any]:
    """An operator's environment with both keys, the new one first."""
    return variables_of(with_data_keys(settings, NEW, old))


@pytest.fixture
async def users(client: Client) -> list[Client]:
    """Three users, two of them with a date of birth."""
    made = [await client.registered() for _ in range(3)]
    for user in made[:2]:
        request = users_pb2.UpdateProfileRequest(birth_date=BORN, update_mask=FieldMask(paths=["birth_date"]))
        await user.users.UpdateProfile(request)
    return made


def rotated(**variables: Any) -> tuple[int, list[str]]:
    """Rotates; returns the exit code and the output without the progress bar."""
    result = run(*ROTATE, **variables)
    return result.returncode, [line for line in result.stdout.splitlines() if not line.startswith("values ")]


async def test_after_the_rotation_the_new_key_is_sufficient(
    settings: Settings, storage: S3UploadStorage, users: list[Client], both: dict[str, Any], old: str
) -> None:
    assert await asyncio.to_thread(rotated, **both) == (0, ["5 of 5 values encrypted again"])
    assert await asyncio.to_thread(rotated, **both) == (0, ["0 of 5 values encrypted again"])
    for keys in ((NEW, old), (NEW,)):
        async with served(with_data_keys(settings, *keys), storage) as here:
            answers = [await here.client.with_token(str(user.token)).users.GetProfile(OWN) for user in users]
            by_address = users_pb2.LoginRequest(login=answers[0].user.email, password="correct horse battery")
            assert (await here.client.users.Login(by_address)).user.id == users[0].user_id
        assert [answer.user.email for answer in answers] == [f"{user.username}@example.org" for user in users]
        assert [answer.profile.HasField("birth_date") for answer in answers] == [True, True, False]
        assert answers[0].profile.birth_date == BORN


async def test_a_server_with_both_keys_reads_all_values_during_the_rotation(
    settings: Settings, storage: S3UploadStorage, users: list[Client], database: asyncpg.Connection, old: str
) -> None:
    own = with_data_keys(settings, NEW, old)
    async with served(own, storage) as here:
        user = here.client.with_token(str(users[0].token))
        over, seen = asyncio.Event(), []

        async def read() -> None:
            while not over.is_set():
                seen.append((await user.users.GetProfile(OWN)).user.email)

        reading = asyncio.create_task(read())
        result = await asyncio.to_thread(run, *ROTATE, **variables_of(own))
        over.set()
        await reading
    assert result.returncode == 0
    assert set(seen) == {f"{users[0].username}@example.org"}
    assert all(DataCipher(NEW, index_key="i").decrypt(encrypted) for encrypted in await encrypted_values(database))


async def encrypted_values(database: asyncpg.Connection) -> list[bytes]:
    rows = await database.fetch(
        "SELECT email_encrypted AS encrypted FROM users UNION ALL"
        " SELECT birth_date_encrypted FROM user_profiles WHERE birth_date_encrypted IS NOT NULL"
    )
    return [row["encrypted"] for row in rows]


async def test_values_that_no_key_decrypts_are_reported_and_left_unchanged(
    users: list[Client], both: dict[str, Any], database: asyncpg.Connection
) -> None:
    foreign = Fernet(Fernet.generate_key()).encrypt(b"ada@example.org")
    lost, spoilt = users[0].user_id, users[1].user_id
    await database.execute("UPDATE users SET email_encrypted = $1 WHERE id = $2", foreign, lost)
    await database.execute("UPDATE user_profiles SET birth_date_encrypted = 'x' WHERE user_id = $1", spoilt)
    profile = await database.fetchval("SELECT id FROM user_profiles WHERE user_id = $1", spoilt)
    assert await asyncio.to_thread(rotated, **both) == (
        1,
        [
            "3 of 5 values encrypted again",
            f"no key of MARQUEE_DATA_KEYS decrypts users.email_encrypted of id {lost}",
            f"no key of MARQUEE_DATA_KEYS decrypts user_profiles.birth_date_encrypted of id {profile}",
        ],
    )
    assert await database.fetchval("SELECT email_encrypted FROM users WHERE id = $1", lost) == foreign
    assert await asyncio.to_thread(rotated, **both | {"data_keys": NEW}) == (1, [
        "0 of 5 values encrypted again",
        f"no key of MARQUEE_DATA_KEYS decrypts users.email_encrypted of id {lost}",
        f"no key of MARQUEE_DATA_KEYS decrypts user_profiles.birth_date_encrypted of id {profile}",
    ])  # fmt: skip


async def test_a_concurrent_change_is_preserved_and_encrypted_with_the_new_key(
    settings: Settings, users: list[Client], database: asyncpg.Connection, old: str
) -> None:
    """A server that encrypts with the old key may still be running."""
    patient = with_data_keys(settings, NEW, old).model_copy(update={"database_lock_timeout": 60.0})
    patient = patient.model_copy(update={"database_statement_timeout": 60.0})
    cipher = DataCipher(f"{NEW},{old}", index_key="i")
    changed = users[0].user_id
    progress: list[tuple[int, int]] = []
    async with orm.connected(patient):
        async with database.transaction():
            encrypted = DataCipher(old, index_key="i").encrypt("new@example.org")
            await database.execute("UPDATE users SET email_encrypted = $1 WHERE id = $2", encrypted, changed)
            rotating = asyncio.create_task(rotation.rotate_data(cipher, progress=lambda *done: progress.append(done)))

            async def waits() -> bool:
                return bool(await database.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

            await seconds_until(waits)
        summary = await rotating
    now = await database.fetchval("SELECT email_encrypted FROM users WHERE id = $1", changed)
    assert DataCipher(NEW, index_key="i").decrypt(now) == "new@example.org"
    assert (summary.rotated, summary.total, summary.undecryptable) == (5, 5, [])
    assert progress == [(3, 5), (5, 5)]


async def test_more_than_one_batch_is_rotated(
    settings: Settings, users: list[Client], database: asyncpg.Connection, old: str
) -> None:
    many = 2 * rotation.BATCH + 1
    await database.execute(
        "INSERT INTO users (username, email_encrypted, email_hash, password_hash)"
        " SELECT 'many' || n, email_encrypted, sha256(n::text::bytea), '' FROM users, generate_series(2, $2) AS n"
        " WHERE id = $1",
        users[0].user_id, many,
    )  # fmt: skip
    cipher = DataCipher(f"{NEW},{old}", index_key="i")
    async with orm.connected(settings):
        summary = await rotation.rotate_data(cipher, progress=lambda *_: None)
    assert summary.rotated == summary.total == many + 4
    assert not any(cipher.needs_rotation(encrypted) for encrypted in await encrypted_values(database))


def test_a_cipher_rotates_values_that_it_can_decrypt() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    encrypted = DataCipher(old, index_key="i").encrypt("ada")
    cipher = DataCipher(f"{new},{old}", index_key="i")
    assert cipher.needs_rotation(encrypted)
    rotated_value = cipher.rotate(encrypted)
    assert not cipher.needs_rotation(rotated_value)
    assert DataCipher(new, index_key="i").decrypt(rotated_value) == "ada"
    with pytest.raises(InvalidToken):
        DataCipher(new, index_key="i").rotate(encrypted)
