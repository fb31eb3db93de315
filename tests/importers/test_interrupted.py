"""A killed import leaves nothing behind; its repeat imports everything."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import asyncpg

from service.settings import Settings
from tests.importers.tables import credits_of, directed, movie, played
from tests.importers.tmdb_source import Source
from tests.processes import ROOT, command, environment, run, variables_of

CATALOGUE = """
SELECT movies.tmdb_id, title, d.tmdb_id, p.tmdb_id, characters.name, billing_order, movie_characters.role
FROM movies LEFT JOIN persons AS d ON d.id = director_id
LEFT JOIN movie_characters ON movie_id = movies.id LEFT JOIN persons AS p ON p.id = person_id
LEFT JOIN characters ON characters.id = character_id ORDER BY 1, 4, 5
"""
SEARCH_MOVIES = (
    "SELECT m.title_key, m.document, genres.name FROM movie_search AS m LEFT JOIN movie_genres USING (movie_id)"
    " LEFT JOIN genres ON genres.id = genre_id ORDER BY 1, 2, 3"
)
SEARCH_PERSONS = "SELECT name_key, credits FROM person_search ORDER BY 1"
WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'movie_characters'::regclass AND NOT granted"
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def catalogue(database: asyncpg.Connection) -> list[tuple[Any, ...]]:
    """Returns the rows of an import without the ids that PostgreSQL assigned."""
    return [tuple(row) for query in (CATALOGUE, SEARCH_MOVIES, SEARCH_PERSONS) for row in await database.fetch(query)]


async def wait_for_count(database: asyncpg.Connection, query: str, count: int) -> None:
    async with asyncio.timeout(30):
        while await database.fetchval(query) != count:  # noqa: ASYNC110 - the database sends no event
            await asyncio.sleep(0.02)


async def test_a_killed_import_can_be_repeated(
    database: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    source = Source(database, tmp_path)
    movies = [movie(number) for number in range(1, 41)]
    casts = [
        credits_of(
            number,
            [played(number, f"Actor {number}", "Eve", 0), played(99, "Ada Poe", f"Lou {number}", 1)],
            [directed(77, "Iris Wit")],
        )
        for number in range(1, 41)
    ]
    files = [str(path) for path in source.write(movies, casts)]
    assert run("import", "tmdb", *files, **variables_of(settings)).returncode == 0
    clean = await catalogue(database)
    await database.execute(
        "TRUNCATE movies, persons, characters, genres, countries, movie_search, person_search CASCADE"
    )
    empty = await catalogue(database)
    others = await database.fetchval(OTHERS)
    async with database.transaction():
        # The import waits for this lock after it has written all other kinds of records.
        await database.execute("LOCK TABLE movie_characters IN EXCLUSIVE MODE")
        killed = await asyncio.create_subprocess_exec(
            *command("import", "tmdb", *files),
            env=environment(**variables_of(settings)),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await wait_for_count(database, WAITING, 1)
        finally:
            killed.kill()
            await killed.wait()
    await wait_for_count(database, OTHERS, others)
    assert await catalogue(database) == empty == []
    assert run("import", "tmdb", *files, **variables_of(settings)).returncode == 0
    assert await catalogue(database) == clean
