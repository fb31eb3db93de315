"""Export and erasure cover all data about users; the list of tables comes from the database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from marquee.users.v1 import export_pb2, users_pb2

from service.auth.keys import KeyRing
from service.auth.passwords import PasswordHasher
from service.composition import compose
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.client import PASSWORD, Client
from tests.migrations.rows import HASH, LATER

COLUMNS = """
SELECT table_name::text, column_name::text FROM information_schema.columns
WHERE table_schema = 'public' AND (
    column_name LIKE '%user_id' OR column_name LIKE 'actor%' OR column_name IN ('uploader_id', 'caller', 'subject')
)
UNION
SELECT conrelid::regclass::text, attname::text FROM pg_constraint
JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
WHERE contype = 'f' AND confrelid = 'users'::regclass
UNION
SELECT 'users', 'id'
"""
IMPERSONAL_TABLES = {
    "revocations": "only ids of erased users, stored until their access tokens expire, so that they are refused"
}
# The kind of item that a row of each table becomes in an export. None: the table has only hashes of secrets, copies of
# responses, or counts of other exported rows.
EXPORTED_AS = {
    "users": "user",
    "user_profiles": "profile",
    "sessions": "session",
    "files": "file",
    "favorite_movies": "favorite",
    "watchlist_items": "watchlist_item",
    "movie_ratings": "rating",
    "user_activities": None,
    "dismissed_recommendations": "dismissed_recommendation",
    "audit_log": "audit_event",
    "idempotency_keys": None,
}
OWN_ROWS = {"users", "user_profiles", "sessions", "audit_log", "user_activities"}
"""Tables that get rows from a registration, or by a trigger of another table."""


async def columns_of(database: asyncpg.Connection) -> list[tuple[str, str]]:
    """Returns every column that may refer to a user, by table."""
    return [(table, column) for table, column in await database.fetch(COLUMNS)]


def reference(column: str, user_id: int) -> int | str:
    """Returns the value with which a column refers to a user."""
    return {"caller": f"users/{user_id}", "subject": f"user:{user_id}"}.get(column, user_id)


async def rows_of(database: asyncpg.Connection, user_id: int) -> dict[str, list[str]]:
    """Returns the rows that refer to a user, as text, by table."""
    found: dict[str, list[str]] = {}
    for table, column in await columns_of(database):
        query = f"SELECT to_jsonb(t)::text FROM {table} AS t WHERE {column} = $1 ORDER BY 1"  # noqa: S608 - the schema's
        found[f"{table}.{column}"] = [row for (row,) in await database.fetch(query, reference(column, user_id))]
    return found


async def fill(database: asyncpg.Connection, user_id: int) -> None:
    """Adds a row of a user to every table in which a registration creates none."""
    movie_id = await database.fetchval("INSERT INTO movies (title) VALUES ('A Film') RETURNING id")
    rows: dict[str, dict[str, Any]] = {
        "files": {
            "kind": "avatar",
            "file_name": "me.png",
            "mime_type": "image/png",
            "bucket": "marquee-uploads",
            "key": f"uploads/avatar/{user_id}",
            "size_bytes": 1,
            "expires_at": LATER,
        },
        "favorite_movies": {"movie_id": movie_id},
        "watchlist_items": {"movie_id": movie_id},
        "movie_ratings": {"movie_id": movie_id, "rating": 4, "review": "quite"},
        "dismissed_recommendations": {"movie_id": movie_id},
        "idempotency_keys": {
            "method": "/x",
            "request_id": "00000000-0000-0000-0000-000000000000",
            "request_sha256": HASH,
            "response": b"an answer",
        },
    }
    for table, column in await columns_of(database):
        if table not in OWN_ROWS | IMPERSONAL_TABLES.keys():
            row = rows[table] | {column: reference(column, user_id)}
            places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
            insert = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - names from the schema
            await database.execute(insert, *row.values())


async def exported(client: Client) -> list[export_pb2.ExportedRecord]:
    return [answer.record async for answer in client.users.ExportAccount(users_pb2.ExportAccountRequest())]


@pytest.fixture
def tables(settings: Settings, storage: S3UploadStorage) -> Iterator[set[str]]:
    """The tables that the personal data sources of a server cover."""
    passwords = PasswordHasher.from_settings(settings)
    composition = compose(settings, passwords=passwords, keys=KeyRing.from_settings(settings), storage=storage)
    yield set(composition.users.privacy.tables)
    passwords.close()


async def test_every_column_that_refers_to_a_user_belongs_to_a_source(
    database: asyncpg.Connection, tables: set[str]
) -> None:
    naming = {table for table, _ in await columns_of(database)}
    assert naming - IMPERSONAL_TABLES.keys() - tables == set()
    assert tables == EXPORTED_AS.keys()
    assert not tables & IMPERSONAL_TABLES.keys()


async def test_rows_of_every_table_are_exported(client: Client, database: asyncpg.Connection) -> None:
    user, other = await client.registered(), await client.registered()
    await fill(database, user.user_id)
    await fill(database, other.user_id)
    counted: Counter[str | None] = Counter(record.WhichOneof("record") for record in await exported(user))
    for table, column in await columns_of(database):
        kind = EXPORTED_AS.get(table)
        if kind is not None:
            query = f"SELECT count(*) FROM {table} WHERE {column} = $1"  # noqa: S608 - names from the schema
            assert counted[kind] == await database.fetchval(query, reference(column, user.user_id)) > 0, table


async def test_an_erased_user_is_in_no_row_and_other_users_are_unchanged(
    client: Client, database: asyncpg.Connection
) -> None:
    user, other = await client.registered("Theodora"), await client.registered()
    for owner in (user, other):
        await fill(database, owner.user_id)
    others_rows = await rows_of(database, other.user_id)
    assert all(rows for name, rows in others_rows.items() if name.split(".")[0] not in IMPERSONAL_TABLES)
    await user.users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password=PASSWORD))
    left = {name for name, rows in (await rows_of(database, user.user_id)).items() if rows}
    assert left == {"audit_log.actor_user_id", "revocations.subject"}
    assert await rows_of(database, other.user_id) == others_rows


async def test_no_table_contains_texts_of_an_erased_user(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered("Theodora")
    await fill(database, user.user_id)
    texts = {
        "username": "Theodora",
        "email": "Theodora@example.org",
        "first_name": "Vasilisa",
        "last_name": "Quackenbush",
        "bio": "keeper of bees",
        "file_name": "me.png",
        "review": "quite",
        "device": "telescreen",
    }
    await user.users.UpdateProfile(
        users_pb2.UpdateProfileRequest(first_name=texts["first_name"], last_name=texts["last_name"], bio=texts["bio"])
    )
    again = await client.login(user, device=texts["device"])
    with pytest.raises(Exception, match="is wrong"):
        await client.login(user, "wrong")
    with pytest.raises(Exception, match="is wrong"):
        await again.users.ChangePassword(
            users_pb2.ChangePasswordRequest(current_password="wrong", new_password=PASSWORD)
        )
    await exported(again)
    text = await whole_database(database)
    assert {name for name, value in texts.items() if value not in text} == {"email"}, "stored encrypted"
    await again.users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password=PASSWORD))
    text = await whole_database(database)
    assert {name for name, value in texts.items() if value in text} == set()
    events = await database.fetch("SELECT * FROM audit_log WHERE actor_user_id = $1", user.user_id)
    assert {"users.register", "users.login", "users.export", "users.erase"} <= {event["action"] for event in events}


async def whole_database(database: asyncpg.Connection) -> str:
    """Returns every row of every table as JSON."""
    names = await database.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    rows = [await database.fetch(f"SELECT to_jsonb(t) FROM {name} AS t") for (name,) in names]  # noqa: S608 - as above
    return json.dumps([row[0] for table in rows for row in table])
