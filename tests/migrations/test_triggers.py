"""Data that triggers maintain for every writer: times, versions, primary photos, rating totals."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest

from tests.catalogue import add_movie, add_person
from tests.migrations.rows import LATER, arrange, valid, write
from tests.rating_totals import COMPUTED_TOTALS, STORED_TOTALS


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections for concurrent writers."""
    async with asyncpg.create_pool(database_url, min_size=0, max_size=8) as pool:
        yield pool


async def test_every_table_with_updated_at_is_touched(database: asyncpg.Connection) -> None:
    ids = await arrange(database)
    tables = await database.fetch(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'updated_at' AND table_schema = 'public'"
    )
    assert len(tables) == 16
    for (table,) in tables:
        with suppress(asyncpg.UniqueViolationError):
            await write(database, table, valid(table, ids))
        # Also if the statement sets a time itself.
        times = await database.fetch(f"UPDATE {table} SET updated_at = $1 RETURNING updated_at, created_at", LATER)  # noqa: S608 - names from the database
        assert times, table
        assert all(created <= updated < LATER for updated, created in times), table


async def test_the_version_of_a_movie_rises_with_every_update(database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    for expected in (2, 3):
        update = "UPDATE movies SET title = 'Other', row_version = 70 WHERE id = $1 RETURNING row_version"
        assert await database.fetchval(update, movie_id) == expected


async def test_changes_hold_the_id_of_their_transaction(database: asyncpg.Connection) -> None:
    async with database.transaction():
        await database.execute("INSERT INTO catalog_changes (entity, entity_id, kind) VALUES ('movie', 1, 'created')")
        assert await database.fetchval("SELECT xid = pg_current_xact_id() FROM catalog_changes")


async def add_photos(database: asyncpg.Connection, person_id: int, *, primary: int) -> list[int]:
    files = []
    for number in range(3):
        key = f"{person_id}/{number}"
        await write(database, "files", valid("files", defaultdict(int)) | {"key": key})
        files.append(await database.fetchval("SELECT id FROM files WHERE key = $1", key))
        row = {"person_id": person_id, "file_id": files[-1], "is_primary": number == primary}
        await write(database, "person_photos", row)
    return files


PRIMARY = "SELECT primary_photo_id FROM persons WHERE id = $1"


async def test_the_primary_photo_is_swapped_in_one_statement(database: asyncpg.Connection) -> None:
    person_id = await add_person(database)
    files = await add_photos(database, person_id, primary=0)
    for file_id in (files[2], files[1], files[0]):
        swap = "UPDATE person_photos SET is_primary = (file_id = $2) WHERE person_id = $1"
        await database.execute(swap, person_id, file_id)
        assert await database.fetchval(PRIMARY, person_id) == file_id


async def test_two_primary_photos_are_refused(database: asyncpg.Connection) -> None:
    person_id = await add_person(database)
    await add_photos(database, person_id, primary=0)
    with pytest.raises(asyncpg.ExclusionViolationError) as refused:
        await database.execute("UPDATE person_photos SET is_primary = true")
    assert getattr(refused.value, "constraint_name", "") == "ex_person_photos_one_primary"


async def test_the_primary_photo_follows_removals_and_moves(database: asyncpg.Connection) -> None:
    person_id, other_id = await add_person(database), await add_person(database, "Other")
    files = await add_photos(database, person_id, primary=0)
    await database.execute("UPDATE person_photos SET person_id = $1 WHERE file_id = $2", other_id, files[0])
    assert (await database.fetchval(PRIMARY, person_id), await database.fetchval(PRIMARY, other_id)) == (None, files[0])
    await database.execute("DELETE FROM person_photos WHERE file_id = $1", files[0])
    assert await database.fetchval(PRIMARY, other_id) is None
    await database.execute("UPDATE person_photos SET is_primary = true WHERE file_id = $1", files[1])
    await database.execute("DELETE FROM files WHERE id = $1", files[1])
    assert await database.fetchval(PRIMARY, person_id) is None


async def test_totals_follow_statements_of_many_rows(database: asyncpg.Connection) -> None:
    movies, users = await add_movies_and_users(database)
    await database.execute(
        "INSERT INTO movie_ratings (user_id, movie_id, rating)"
        " SELECT u, m, 1 + (u + m) % 5 FROM unnest($1::int[]) AS u, unnest($2::int[]) AS m",
        users,
        movies[:-1],
    )
    assert await database.fetch(STORED_TOTALS) == await database.fetch(COMPUTED_TOTALS)
    await database.execute("UPDATE movie_ratings SET rating = 6 - rating, review = 'x' WHERE user_id % 2 = 0")
    assert await database.fetch(STORED_TOTALS) == await database.fetch(COMPUTED_TOTALS)
    await database.execute("UPDATE movie_ratings SET movie_id = $1 WHERE movie_id = $2", movies[-1], movies[0])
    await database.execute("UPDATE movie_ratings SET rating = 1 WHERE false")
    assert await database.fetch(STORED_TOTALS) == await database.fetch(COMPUTED_TOTALS)
    await database.execute("DELETE FROM movies WHERE id = $1", movies[1])
    await database.execute("DELETE FROM users WHERE id = ANY ($1)", users[:5])
    assert await database.fetch(STORED_TOTALS) == await database.fetch(COMPUTED_TOTALS)
    await database.execute("DELETE FROM movie_ratings")
    assert await database.fetch(STORED_TOTALS) == []


async def test_totals_are_exact_under_concurrent_writers(database: asyncpg.Connection, pool: asyncpg.Pool) -> None:
    movies, users = await add_movies_and_users(database)
    choice = random.Random(7)  # noqa: S311 - a repeatable mix

    async def act(kind: str, user_id: int, movie_id: int, rating: int) -> None:
        match kind:
            case "rate":
                await pool.execute(
                    "INSERT INTO movie_ratings (user_id, movie_id, rating) SELECT id, $2, $3 FROM users WHERE id = $1"
                    " ON CONFLICT (user_id, movie_id) DO UPDATE SET rating = excluded.rating",
                    user_id,
                    movie_id,
                    rating,
                )
            case "delete":
                await pool.execute("DELETE FROM movie_ratings WHERE user_id = $1 AND movie_id = $2", user_id, movie_id)
            case "erase user":
                await pool.execute("DELETE FROM users WHERE id = $1", user_id)

    kinds = choice.choices(["rate", "delete", "erase user"], weights=[80, 17, 3], k=600)
    acts = [act(kind, choice.choice(users), choice.choice(movies), choice.randint(1, 5)) for kind in kinds]
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    # A rating may meet the deletion of its user. No transaction ends in a deadlock.
    assert {type(error) for error in outcomes if error is not None} <= {asyncpg.ForeignKeyViolationError}
    stored = await database.fetch(STORED_TOTALS)
    assert len(stored) > 1
    assert stored == await database.fetch(COMPUTED_TOTALS)


async def add_movies_and_users(database: asyncpg.Connection) -> tuple[list[int], list[int]]:
    movies = [await add_movie(database, f"Number {number}") for number in range(6)]
    rows = await database.fetch(
        "INSERT INTO users (username, email_encrypted, email_hash, password_hash)"
        " SELECT 'user' || n, '', sha256(n::text::bytea), '' FROM generate_series(1, 30) AS n RETURNING id"
    )
    return movies, [row["id"] for row in rows]
