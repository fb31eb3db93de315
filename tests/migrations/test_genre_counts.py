"""The stored number of movies per genre, and the copies of movie columns in movie_genres."""

from __future__ import annotations

import asyncio
from datetime import date

import asyncpg

from tests.catalogue import add_genre, add_movie

COUNTS = """
SELECT genres.name, coalesce(sum(movies), 0) FROM genres LEFT JOIN genre_counts ON genre_id = genres.id GROUP BY 1
"""


async def counts(database: asyncpg.Connection) -> dict[str, int]:
    return dict(map(tuple, await database.fetch(COUNTS)))


async def test_counts_follow_every_write(database: asyncpg.Connection) -> None:
    first, second = await add_movie(database), await add_movie(database)
    drama, war = await add_genre(database, "Drama", first, second), await add_genre(database, "War", first)
    assert await counts(database) == {"Drama": 2, "War": 1}
    await database.execute("UPDATE movie_genres SET genre_id = $1 WHERE movie_id = $2", war, second)
    assert await counts(database) == {"Drama": 1, "War": 2}
    await database.execute("UPDATE movies SET popularity = 5, release_date = '1999-01-01'")
    await database.execute("DELETE FROM movies WHERE id = $1", first)
    assert await counts(database) == {"Drama": 0, "War": 1}
    await database.execute("DELETE FROM genres WHERE id = $1", drama)
    assert await database.fetchval("SELECT count(*) FROM genre_counts WHERE genre_id = $1", drama) == 0


async def test_counts_are_exact_under_concurrent_writers(database: asyncpg.Connection, database_url: str) -> None:
    genre_id = await add_genre(database, "Drama")
    movie_ids = [await add_movie(database) for _ in range(24)]
    async with asyncpg.create_pool(database_url, min_size=0, max_size=8) as pool:
        add = "INSERT INTO movie_genres (movie_id, genre_id) VALUES ($1, $2)"
        await asyncio.gather(*(pool.execute(add, movie_id, genre_id) for movie_id in movie_ids))
    assert await counts(database) == {"Drama": 24}
    assert await database.fetchval("SELECT count(*) FROM genre_counts") <= 8


async def test_a_long_transaction_does_not_block_other_writers(database: asyncpg.Connection, database_url: str) -> None:
    genre_id = await add_genre(database, "Drama", await add_movie(database))
    first, second = await add_movie(database), await add_movie(database)
    other = await asyncpg.connect(database_url)
    await other.execute("SET lock_timeout = '1s'")
    add = "INSERT INTO movie_genres (movie_id, genre_id) VALUES ($1, $2)"
    async with database.transaction():
        await database.execute(add, first, genre_id)
        await other.execute(add, second, genre_id)
    await other.close()
    assert await counts(database) == {"Drama": 3}


async def test_the_copied_year_follows_the_movie(database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, release_date=date(1999, 12, 31))
    await add_genre(database, "Drama", movie_id)
    read = "SELECT release_year FROM movie_genres"
    assert await database.fetchval(read) == 1999
    for written, year in (("'2001-01-01'", 2001), ("'infinity'", None), ("'1920-05-05'", 1920), ("NULL", None)):
        await database.execute(f"UPDATE movies SET release_date = {written}")  # noqa: S608 - from above
        assert await database.fetchval(read) == year


async def test_the_copied_sort_keys_follow_the_movie(database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, release_date=date(1999, 12, 31), vote_average=7.5)
    await add_genre(database, "Drama", movie_id)
    read = "SELECT (vote_average, release_date) FROM movie_genres"
    assert await database.fetchval(read) == (7.5, date(1999, 12, 31))
    await database.execute("UPDATE movies SET vote_average = 8")
    await database.execute("UPDATE movies SET release_date = NULL")
    assert await database.fetchval(read) == (8, None)
