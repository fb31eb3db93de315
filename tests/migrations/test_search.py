"""The search tables follow every write of the catalogue, and searches read them through indexes."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import asyncpg
import pytest

from service.catalog.search import ranking
from service.catalog.search.query import Query
from tests.catalogue import add_movie, add_person
from tests.migrations.rows import write


async def documents(database: asyncpg.Connection) -> dict[int, str]:
    rows = await database.fetch("SELECT movie_id, array_to_string(tsvector_to_array(document), ' ') FROM movie_search")
    return dict(map(tuple, rows))


async def credits_of(database: asyncpg.Connection) -> dict[int, tuple[str, int]]:
    return {
        row[0]: (row[1], row[2])
        for row in await database.fetch("SELECT person_id, name_key, credits FROM person_search")
    }


async def row_of(database: asyncpg.Connection, statement: str, *values: object) -> tuple[Any, ...]:
    row = await database.fetchrow(statement, *values)
    return tuple(row or ())


async def play(database: Any, person_id: int, movie_id: int) -> None:
    character_id = await database.fetchval("INSERT INTO characters (name) VALUES ('Somebody') RETURNING id")
    row = {"movie_id": movie_id, "character_id": character_id, "person_id": person_id}
    await write(database, "movie_characters", row)


async def test_the_search_row_follows_its_movie(database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "The Élan", original_title="L'Élan", release_date=date(2001, 1, 1))
    read = "SELECT title_text, title_key, original_key, year, popularity FROM movie_search WHERE movie_id = $1"
    assert await row_of(database, read, movie_id) == ("the elan", "elan", "lelan", 2001, 0)
    await database.execute("UPDATE movies SET title = 'Ox', original_title = NULL, popularity = 4, release_date = NULL")
    assert await row_of(database, read, movie_id) == ("ox", "ox", None, None, 4)
    await database.execute("DELETE FROM movies")
    assert await database.fetchrow(read, movie_id) is None


async def test_rows_of_a_copy_are_found(database: asyncpg.Connection) -> None:
    await database.copy_records_to_table("movies", columns=["title"], records=[(f"Film {n}",) for n in range(50)])
    await database.copy_records_to_table("persons", columns=["first_name"], records=[(f"P{n}",) for n in range(50)])
    assert await database.fetchval("SELECT count(*) FROM movie_search WHERE title_key LIKE 'film %'") == 50
    assert await database.fetchval("SELECT count(*) FROM person_search") == 50


async def test_a_movie_is_found_by_its_present_people(database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Heat")
    ann, bob = await add_person(database, "Ann", last_name="Lee"), await add_person(database, "Bob")
    await play(database, ann, movie_id)
    await database.execute("UPDATE movies SET director_id = $1", bob)
    assert await documents(database) == {movie_id: "@ann @bob @lee heat"}
    assert await credits_of(database) == {ann: ("ann lee", 1), bob: ("bob", 1)}
    await database.execute("UPDATE persons SET last_name = 'Loe' WHERE id = $1", ann)
    assert await documents(database) == {movie_id: "@ann @bob @loe heat"}
    await database.execute("UPDATE movie_characters SET person_id = $1", bob)
    assert await documents(database) == {movie_id: "@bob heat"}
    assert await credits_of(database) == {ann: ("ann loe", 0), bob: ("bob", 2)}
    await database.execute("DELETE FROM persons WHERE id = $1", bob)
    assert await documents(database) == {movie_id: "heat"}
    assert await credits_of(database) == {ann: ("ann loe", 0)}
    await play(database, ann, movie_id)
    await database.execute("DELETE FROM movie_characters")
    assert await documents(database) == {movie_id: "heat"}
    assert await credits_of(database) == {ann: ("ann loe", 0)}
    await play(database, ann, movie_id)
    await database.execute("DELETE FROM movies")
    assert await credits_of(database) == {ann: ("ann loe", 0)}


async def test_people_added_concurrently_are_all_found(database_url: str, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Heat")
    people = [await add_person(database, f"P{number}") for number in range(8)]
    async with asyncpg.create_pool(database_url, min_size=0, max_size=8) as pool:
        await asyncio.gather(*(play(pool, person_id, movie_id) for person_id in people))
    assert (await documents(database))[movie_id] == " ".join([*(f"@p{number}" for number in range(8)), "heat"])


async def test_a_change_without_effect_on_searches_writes_no_search_row(database: asyncpg.Connection) -> None:
    await add_movie(database, "Heat")
    before = await database.fetchval("SELECT xmin FROM movie_search")
    await database.execute("UPDATE movies SET description = 'Cops and robbers', vote_count = 3")
    assert await database.fetchval("SELECT xmin FROM movie_search") == before


@pytest.mark.parametrize(
    ("written", "text", "key"),
    [
        ("The Lord of the Rings", "the lord of the rings", "lord of rings"),
        ("Amélie", "amelie", "amelie"),
        ("L\u2019Été", "lete", "lete"),
        ("Æon Łódź Straße Ørsted", "aeon lodz strasse orsted", "aeon lodz strasse orsted"),
        ("Rock & Rule", "rock and rule", "rock and rule"),
        ("WALL·E", "wall e", "wall e"),
        ("  The   A-Team! ", "the a team", "team"),
        ("The", "the", "the"),
        ("!!!", "!!!", "!!!"),
        ("Ёлки", "елки", "елки"),
        ("東京物語", "東京物語", "東京物語"),
    ],
)
async def test_texts_and_keys(database: asyncpg.Connection, written: str, text: str, key: str) -> None:
    assert await row_of(database, "SELECT search_text($1), search_key($1)", written) == (text, key)


@pytest.mark.parametrize(
    ("text", "key", "indexes"),
    [
        ("film 77", "film 77", {"ix_movie_search_title", "ix_movie_search_document", "movie_search_pkey"}),
        ("fim", "fim", {"ix_movie_search_title", "ix_movie_search_document", "movie_search_pkey"}),
    ],
)
async def test_a_search_reads_indexes_only(
    database: asyncpg.Connection, text: str, key: str, indexes: set[str]
) -> None:
    await database.execute("INSERT INTO movies (title) SELECT 'Film ' || n FROM generate_series(1, 3000) n")
    await database.execute("VACUUM ANALYZE movie_search")
    query = Query.parse(text, key)
    values: list[Any] = [
        list(query.texts),
        query.key,
        list(query.keys),
        None,
        query.match_all(""),
        query.match_all("", "@"),
    ]
    values += [False, None, None, None, 20]
    near = [["flim 77"], [], query.match_all("")]
    for statement, asked in ((ranking.MOVIES, values), (ranking.CORRECTED_MOVIES, [*values, *near])):
        plan = await database.fetch("EXPLAIN " + statement, *asked)
        lines = "\n".join(line for (line,) in plan)
        assert "Seq Scan" not in lines
        assert {name for name in indexes if name in lines} == indexes


async def words(database: asyncpg.Connection) -> set[str]:
    return {word for (word,) in await database.fetch("SELECT word FROM search_words")}


async def test_the_vocabulary_holds_each_word_of_titles_and_names(database: asyncpg.Connection) -> None:
    await add_movie(database, "The Big Heat", original_title="H\u00e9at")
    person_id = await add_person(database, "Ann", last_name="Lee")
    await database.execute("UPDATE movies SET title = 'Big Sleep'")
    await database.execute("UPDATE persons SET last_name = 'Loe' WHERE id = $1", person_id)
    await database.copy_records_to_table("movies", columns=["title"], records=[(f"Film {n}",) for n in range(3)])
    assert await words(database) == {"big", "heat", "ann", "lee", "sleep", "loe", "film", "0", "1", "2"}
    assert await database.fetchval("SELECT count(*) FROM search_words") == 10


async def test_a_new_word_does_not_block_other_writers(database: asyncpg.Connection, database_url: str) -> None:
    other = await asyncpg.connect(database_url)
    await other.execute("SET lock_timeout = '1s'")
    async with database.transaction():
        await add_movie(database, "Zyzzyva")
        await add_movie(other, "Zyzzyva")
    await other.close()
    assert await words(database) == {"zyzzyva"}


@pytest.mark.parametrize(
    "written",
    ["heatwave", "hetwave", "heatwavee", "haetwave", "jeatwave", "ehatwavw", "eatwav", "xheatwavey"],
)
async def test_words_with_up_to_two_edits_are_found(database: asyncpg.Connection, written: str) -> None:
    for word in ("heatwave", "beat", "heavenly", "microwave"):
        await database.execute("INSERT INTO search_words (word) VALUES ($1)", word)
    found = await database.fetch("SELECT word FROM similar_words($1, 9)", written)
    assert [word for (word,) in found] == ["heatwave"]


async def test_similar_words_are_read_from_their_index(database: asyncpg.Connection) -> None:
    await database.execute("INSERT INTO movies (title) SELECT 'Film ' || md5(n::text) FROM generate_series(1, 3000) n")
    await database.execute("VACUUM ANALYZE search_words")
    plan = await database.fetch("EXPLAIN SELECT FROM search_words WHERE search_deletions(word) && search_deletions('flim')")
    lines = "\n".join(line for (line,) in plan)
    assert "ix_search_words_torn" in lines
    assert "Seq Scan" not in lines


async def test_suggested_titles_are_read_from_indexes(database: asyncpg.Connection) -> None:
    await database.execute(
        "INSERT INTO movies (title, popularity) SELECT 'Film ' || md5(n::text), n FROM generate_series(1, 3000) n"
    )
    await database.execute("VACUUM ANALYZE movie_search, movies")
    for statement, index in ((ranking.POPULAR_TITLES, "popularity"), (ranking.TITLES, "document")):
        plan = await database.fetch("EXPLAIN " + statement, "a1b", "'a1b':*", 10)
        lines = "\n".join(line for (line,) in plan)
        assert f"ix_movie_search_{index}" in lines
        assert "Seq Scan" not in lines
