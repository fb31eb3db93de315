"""The change feed: entries that triggers add for every writer."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import asyncpg
import pytest

from tests.catalogue import add_genre, add_movie, add_person
from tests.migrations.rows import valid, write

CHANNEL = "marquee_changes"
Entries = list[tuple[str, int, str]]


async def new_entries(database: asyncpg.Connection) -> Entries:
    """Returns the entries added since the last call, in order."""
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


async def test_created_updated_and_deleted_movies_and_people_are_recorded(database: asyncpg.Connection) -> None:
    movie_id, person_id = await add_movie(database), await add_person(database)
    assert await new_entries(database) == [("movie", movie_id, "created"), ("person", person_id, "created")]
    await database.execute("UPDATE movies SET title = 'Another'")
    await database.execute("UPDATE persons SET biography = 'Long.'")
    assert await new_entries(database) == [("movie", movie_id, "updated"), ("person", person_id, "updated")]
    await database.execute("DELETE FROM movies")
    await database.execute("DELETE FROM persons")
    assert await new_entries(database) == [("movie", movie_id, "deleted"), ("person", person_id, "deleted")]


async def test_a_write_of_the_same_values_is_no_change(database: asyncpg.Connection) -> None:
    movie_id, person_id = await add_movie(database, "Same"), await add_person(database)
    await add_genre(database, "Drama", movie_id)
    await add_cast(database, movie_id, person_id)
    await database.execute("INSERT INTO countries (name) VALUES ('Somewhere')")
    await new_entries(database)
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
    await database.execute("UPDATE genres SET notes = 'not part of any reply of a movie'")
    await database.execute("UPDATE movies SET title = 'Other' WHERE false")
    assert await new_entries(database) == []


async def test_every_column_of_a_movie_and_a_person_is_compared(database: asyncpg.Connection) -> None:
    """A column of a later migration is compared by the trigger, or is listed here."""
    unseen = {"id", "row_version", "created_at", "updated_at"}
    for table, function in (("movies", "record_movie_changes"), ("persons", "record_person_changes")):
        body = await database.fetchval("SELECT prosrc FROM pg_proc WHERE proname = $1", function)
        columns = await database.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
            table,
        )
        shown = " ".join(body.split()).partition("( SELECT ")[2].partition(" FROM added")[0].split(", ")
        assert {name for (name,) in columns} - set(shown) <= unseen, table


async def test_a_changed_genre_or_cast_is_a_change_of_the_movie(database: asyncpg.Connection) -> None:
    movie_id, other_id, person_id = await add_movie(database), await add_movie(database), await add_person(database)
    await new_entries(database)
    genre_id = await add_genre(database, "Drama", movie_id)
    assert await new_entries(database) == [("movie", movie_id, "updated")]
    await database.execute("UPDATE movie_genres SET movie_id = $1", other_id)
    assert await new_entries(database) == [("movie", movie_id, "updated"), ("movie", other_id, "updated")]
    await database.execute("DELETE FROM movie_genres WHERE genre_id = $1", genre_id)
    assert await new_entries(database) == [("movie", other_id, "updated")]
    await add_cast(database, movie_id, person_id)
    await database.execute("UPDATE movie_characters SET role = 'leading'")
    await database.execute("DELETE FROM movie_characters")
    assert await new_entries(database) == [("movie", movie_id, "updated")] * 3


async def test_a_changed_name_is_a_change_of_the_movies_that_show_it(database: asyncpg.Connection) -> None:
    country_id = await database.fetchval("INSERT INTO countries (name) VALUES ('Somewhere') RETURNING id")
    person_id = await add_person(database, country_id=country_id)
    directed = await add_movie(database, director_id=person_id)
    played = await add_movie(database, country_id=country_id)
    character_id = await add_cast(database, played, person_id)
    genre_id = await add_genre(database, "Drama", played)
    await add_movie(database, "Without people")
    await new_entries(database)
    await database.execute("UPDATE genres SET name = 'Comedy' WHERE id = $1", genre_id)
    assert await new_entries(database) == [("movie", played, "updated")]
    await database.execute("UPDATE characters SET name = 'Villain' WHERE id = $1", character_id)
    assert await new_entries(database) == [("movie", played, "updated")]
    await database.execute("UPDATE countries SET iso_3166_1 = 'SW'")
    assert await new_entries(database) == [("movie", played, "updated"), ("person", person_id, "updated")]
    await database.execute("UPDATE persons SET last_name = 'Else'")
    changes = [("movie", directed, "updated"), ("movie", played, "updated"), ("person", person_id, "updated")]
    assert sorted(await new_entries(database)) == changes
    await database.execute("UPDATE persons SET biography = 'Not part of a movie.'")
    assert await new_entries(database) == [("person", person_id, "updated")]


async def test_a_changed_photo_is_a_change_of_the_person(database: asyncpg.Connection) -> None:
    person_id = await add_person(database)
    await new_entries(database)
    file_id = await add_photo(database, person_id)
    assert await new_entries(database) == [("person", person_id, "updated")]
    await database.execute("UPDATE person_photos SET is_primary = true")
    # A trigger also writes the photo to the row of the person.
    assert await new_entries(database) == [("person", person_id, "updated")]
    await database.execute("DELETE FROM files WHERE id = $1", file_id)
    assert await new_entries(database) == [("person", person_id, "updated")]


async def test_a_deletion_adds_one_entry_whatever_it_cascades_to(database: asyncpg.Connection) -> None:
    movie_id, person_id = await add_movie(database), await add_person(database)
    await add_genre(database, "Drama", movie_id)
    await add_cast(database, movie_id, person_id)
    await add_photo(database, person_id, is_primary=True)
    await new_entries(database)
    await database.execute("DELETE FROM movies")
    assert await new_entries(database) == [("movie", movie_id, "deleted")]
    await database.execute("DELETE FROM persons")
    assert await new_entries(database) == [("person", person_id, "deleted")]


async def test_a_deleted_person_changes_their_movies(database: asyncpg.Connection) -> None:
    person_id = await add_person(database)
    directed, played = await add_movie(database, director_id=person_id), await add_movie(database)
    await add_cast(database, played, person_id)
    await new_entries(database)
    await database.execute("DELETE FROM persons")
    changes = [("movie", directed, "updated"), ("movie", played, "updated"), ("person", person_id, "deleted")]
    assert sorted(await new_entries(database)) == changes


async def test_ratings_and_lists_are_no_changes(database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    await write(database, "users", valid("users", {"users": 0} | defaultdict(int)))
    user_id = await database.fetchval("SELECT id FROM users")
    await new_entries(database)
    for table in ("movie_ratings", "favorite_movies", "watchlist_items"):
        await write(database, table, valid(table, defaultdict(int, users=user_id, movies=movie_id)))
    assert await new_entries(database) == []


async def test_a_transaction_adds_one_entry_per_entity(database: asyncpg.Connection) -> None:
    async with database.transaction():
        movie_id = await add_movie(database)
        await add_genre(database, "Drama", movie_id)
        await database.execute("UPDATE movies SET title = 'Better'")
    assert await new_entries(database) == [("movie", movie_id, "created")]
    async with database.transaction():
        await database.execute("UPDATE movies SET title = 'Worse'")
        await database.execute("DELETE FROM movie_genres")
    assert await new_entries(database) == [("movie", movie_id, "updated")]
    async with database.transaction():
        await database.execute("UPDATE movies SET title = 'Gone'")
        await database.execute("DELETE FROM movies")
    assert await new_entries(database) == [("movie", movie_id, "updated"), ("movie", movie_id, "deleted")]


async def test_a_rollback_leaves_no_entry(database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    await new_entries(database)
    transaction = database.transaction()
    await transaction.start()
    await database.execute("UPDATE movies SET title = 'Tried'")
    await transaction.rollback()
    assert await new_entries(database) == []
    async with database.transaction():
        savepoint = database.transaction()
        await savepoint.start()
        await database.execute("UPDATE movies SET title = 'Tried'")
        await savepoint.rollback()
        await database.execute("UPDATE movies SET title = 'Done'")
    assert await new_entries(database) == [("movie", movie_id, "updated")]


async def test_a_transaction_sends_one_notification(database: asyncpg.Connection, database_url: str) -> None:
    notifications: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    await listener.add_listener(CHANNEL, lambda *received: notifications.put_nowait(str(received[-1])))
    async with database.transaction():
        await add_genre(database, "Drama", await add_movie(database), await add_movie(database))
    await database.execute("UPDATE movies SET title = title")
    await database.execute("SELECT pg_notify($1, 'end')", CHANNEL)
    assert [await notifications.get(), await notifications.get()] == ["", "end"]
    await listener.close()


@pytest.mark.parametrize("first", [1, 5000])
async def test_the_cost_of_a_statement_grows_with_its_rows_only(database: asyncpg.Connection, first: int) -> None:
    """The plans of the triggers are made for a small or a large statement and reused."""
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, $1)", first)
    await database.execute("UPDATE movies SET title = 'y'")
    await new_entries(database)
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, 20000)")
    await database.execute("SET statement_timeout = '20s'")
    await database.execute("UPDATE movies SET vote_count = 1 WHERE title = 'x'")
    await database.execute("UPDATE movies SET vote_count = 1")
    await database.execute("DELETE FROM movies WHERE title = 'x'")
    kinds = [kind for _, _, kind in await new_entries(database)]
    assert [kinds.count(kind) for kind in ("created", "updated", "deleted")] == [20000, 20000 + first, 20000]
