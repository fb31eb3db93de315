"""What the database notes of changes, whoever writes."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import asyncpg
import pytest

from tests.catalogue import add_genre, add_movie, add_person
from tests.migrations.rows import valid, write

CHANNEL = "marquee_changes"
Noted = list[tuple[str, int, str]]


async def noted(database: asyncpg.Connection) -> Noted:
    """Returns what was noted since the last time, in order."""
    rows = await database.fetch("SELECT entity, entity_id, kind FROM catalog_changes ORDER BY xid, id")
    await database.execute("DELETE FROM catalog_changes")
    return [(entity, entity_id, kind) for entity, entity_id, kind in rows]


async def add_cast(database: asyncpg.Connection, movie_id: int, person_id: int, name: str = "Hero") -> int:
    character_id: int = await database.fetchval("INSERT INTO characters (name) VALUES ($1) RETURNING id", name)
    row = {"movie_id": movie_id, "character_id": character_id, "person_id": person_id}
    await write(database, "movie_characters", row)
    return character_id


async def add_photo(database: asyncpg.Connection, person_id: int, *, is_primary: bool = False) -> int:
    key = f"{person_id}/{is_primary}"
    await write(database, "files", valid("files", defaultdict(int)) | {"key": key})
    file_id: int = await database.fetchval("SELECT id FROM files WHERE key = $1", key)
    row = {"person_id": person_id, "file_id": file_id, "is_primary": is_primary}
    await write(database, "person_photos", row)
    return file_id


async def test_movies_and_people_come_change_and_go(database: asyncpg.Connection) -> None:
    movie_id, person_id = await add_movie(database), await add_person(database)
    assert await noted(database) == [("movie", movie_id, "created"), ("person", person_id, "created")]
    await database.execute("UPDATE movies SET title = 'Another'")
    await database.execute("UPDATE persons SET biography = 'Long.'")
    assert await noted(database) == [("movie", movie_id, "updated"), ("person", person_id, "updated")]
    await database.execute("DELETE FROM movies")
    await database.execute("DELETE FROM persons")
    assert await noted(database) == [("movie", movie_id, "deleted"), ("person", person_id, "deleted")]


async def test_a_write_of_the_same_values_is_no_change(database: asyncpg.Connection) -> None:
    movie_id, person_id = await add_movie(database, "Same"), await add_person(database)
    await add_genre(database, "Drama", movie_id)
    await add_cast(database, movie_id, person_id)
    await database.execute("INSERT INTO countries (name) VALUES ('Somewhere')")
    await noted(database)
    for table, column in [
        ("movies", "title"),
        ("persons", "first_name"),
        ("movie_genres", "genre_id"),
        ("movie_characters", "billing_order"),
        ("genres", "name"),
        ("characters", "name"),
        ("countries", "name"),
    ]:
        await database.execute(f"UPDATE {table} SET {column} = {column}")  # noqa: S608 - our own names
    await database.execute("UPDATE genres SET notes = 'seen by nobody who looks at a movie'")
    await database.execute("UPDATE movies SET title = 'Other' WHERE false")
    assert await noted(database) == []


async def test_every_column_of_a_movie_and_a_person_counts(database: asyncpg.Connection) -> None:
    """A column that a later migration adds must be shown, or named here."""
    unseen = {"id", "row_version", "created_at", "updated_at", "search"}
    for table in ("movies", "persons"):
        body = await database.fetchval("SELECT prosrc FROM pg_proc WHERE proname = $1", f"note_{table}")
        columns = await database.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
            table,
        )
        shown = " ".join(body.split()).partition("( SELECT ")[2].partition(" FROM added")[0].split(", ")
        assert {name for (name,) in columns} - set(shown) <= unseen, table


async def test_genres_and_cast_are_the_movies(database: asyncpg.Connection) -> None:
    movie_id, other_id, person_id = await add_movie(database), await add_movie(database), await add_person(database)
    await noted(database)
    genre_id = await add_genre(database, "Drama", movie_id)
    assert await noted(database) == [("movie", movie_id, "updated")]
    await database.execute("UPDATE movie_genres SET movie_id = $1", other_id)
    assert await noted(database) == [("movie", movie_id, "updated"), ("movie", other_id, "updated")]
    await database.execute("DELETE FROM movie_genres WHERE genre_id = $1", genre_id)
    assert await noted(database) == [("movie", other_id, "updated")]
    await add_cast(database, movie_id, person_id)
    await database.execute("UPDATE movie_characters SET role = 'leading'")
    await database.execute("DELETE FROM movie_characters")
    assert await noted(database) == [("movie", movie_id, "updated")] * 3


async def test_names_that_a_movie_shows_are_the_movies(database: asyncpg.Connection) -> None:
    country_id = await database.fetchval("INSERT INTO countries (name) VALUES ('Somewhere') RETURNING id")
    person_id = await add_person(database, country_id=country_id)
    directed = await add_movie(database, director_id=person_id)
    played = await add_movie(database, country_id=country_id)
    character_id = await add_cast(database, played, person_id)
    genre_id = await add_genre(database, "Drama", played)
    await add_movie(database, "Of nobody")
    await noted(database)
    await database.execute("UPDATE genres SET name = 'Comedy' WHERE id = $1", genre_id)
    assert await noted(database) == [("movie", played, "updated")]
    await database.execute("UPDATE characters SET name = 'Villain' WHERE id = $1", character_id)
    assert await noted(database) == [("movie", played, "updated")]
    await database.execute("UPDATE countries SET iso_3166_1 = 'SW'")
    assert await noted(database) == [("movie", played, "updated"), ("person", person_id, "updated")]
    await database.execute("UPDATE persons SET last_name = 'Else'")
    changes = [("movie", directed, "updated"), ("movie", played, "updated"), ("person", person_id, "updated")]
    assert sorted(await noted(database)) == changes
    await database.execute("UPDATE persons SET biography = 'No movie tells.'")
    assert await noted(database) == [("person", person_id, "updated")]


async def test_photos_are_the_persons(database: asyncpg.Connection) -> None:
    person_id = await add_person(database)
    await noted(database)
    file_id = await add_photo(database, person_id)
    assert await noted(database) == [("person", person_id, "updated")]
    await database.execute("UPDATE person_photos SET is_primary = true")
    # Also the person's own row, to which the photo is written by trigger.
    assert await noted(database) == [("person", person_id, "updated")]
    await database.execute("DELETE FROM files WHERE id = $1", file_id)
    assert await noted(database) == [("person", person_id, "updated")]


async def test_what_a_deletion_takes_along_is_no_change_of_its_own(database: asyncpg.Connection) -> None:
    movie_id, person_id = await add_movie(database), await add_person(database)
    await add_genre(database, "Drama", movie_id)
    await add_cast(database, movie_id, person_id)
    await add_photo(database, person_id, is_primary=True)
    await noted(database)
    await database.execute("DELETE FROM movies")
    assert await noted(database) == [("movie", movie_id, "deleted")]
    await database.execute("DELETE FROM persons")
    assert await noted(database) == [("person", person_id, "deleted")]


async def test_a_person_who_goes_changes_their_movies(database: asyncpg.Connection) -> None:
    person_id = await add_person(database)
    directed, played = await add_movie(database, director_id=person_id), await add_movie(database)
    await add_cast(database, played, person_id)
    await noted(database)
    await database.execute("DELETE FROM persons")
    changes = [("movie", directed, "updated"), ("movie", played, "updated"), ("person", person_id, "deleted")]
    assert sorted(await noted(database)) == changes


async def test_ratings_and_lists_are_no_changes(database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    await write(database, "users", valid("users", {"users": 0} | defaultdict(int)))
    user_id = await database.fetchval("SELECT id FROM users")
    await noted(database)
    for table in ("movie_ratings", "favorite_movies", "watchlist_items"):
        await write(database, table, valid(table, defaultdict(int, users=user_id, movies=movie_id)))
    assert await noted(database) == []


async def test_a_transaction_notes_an_entity_once(database: asyncpg.Connection) -> None:
    async with database.transaction():
        movie_id = await add_movie(database)
        await add_genre(database, "Drama", movie_id)
        await database.execute("UPDATE movies SET title = 'Better'")
    assert await noted(database) == [("movie", movie_id, "created")]
    async with database.transaction():
        await database.execute("UPDATE movies SET title = 'Worse'")
        await database.execute("DELETE FROM movie_genres")
    assert await noted(database) == [("movie", movie_id, "updated")]
    async with database.transaction():
        await database.execute("UPDATE movies SET title = 'Gone'")
        await database.execute("DELETE FROM movies")
    assert await noted(database) == [("movie", movie_id, "updated"), ("movie", movie_id, "deleted")]


async def test_what_is_rolled_back_never_was(database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    await noted(database)
    transaction = database.transaction()
    await transaction.start()
    await database.execute("UPDATE movies SET title = 'Tried'")
    await transaction.rollback()
    assert await noted(database) == []
    async with database.transaction():
        savepoint = database.transaction()
        await savepoint.start()
        await database.execute("UPDATE movies SET title = 'Tried'")
        await savepoint.rollback()
        await database.execute("UPDATE movies SET title = 'Done'")
    assert await noted(database) == [("movie", movie_id, "updated")]


async def test_a_transaction_announces_its_changes_once(database: asyncpg.Connection, database_url: str) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    await listener.add_listener(CHANNEL, lambda *heard_now: heard.put_nowait(str(heard_now[-1])))
    async with database.transaction():
        await add_genre(database, "Drama", await add_movie(database), await add_movie(database))
    await database.execute("UPDATE movies SET title = title")
    await database.execute("SELECT pg_notify($1, 'end')", CHANNEL)
    assert [await heard.get(), await heard.get()] == ["", "end"]
    await listener.close()


@pytest.mark.parametrize("first", [1, 5000])
async def test_statements_of_many_rows_cost_no_more_than_their_rows(database: asyncpg.Connection, first: int) -> None:
    """Whatever the size of the statement that the triggers' plans were made for."""
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, $1)", first)
    await database.execute("UPDATE movies SET title = 'y'")
    await noted(database)
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, 20000)")
    await database.execute("SET statement_timeout = '20s'")
    await database.execute("UPDATE movies SET vote_count = 1 WHERE title = 'x'")
    await database.execute("UPDATE movies SET vote_count = 1")
    await database.execute("DELETE FROM movies WHERE title = 'x'")
    kinds = [kind for _, _, kind in await noted(database)]
    assert [kinds.count(kind) for kind in ("created", "updated", "deleted")] == [20000, 20000 + first, 20000]
