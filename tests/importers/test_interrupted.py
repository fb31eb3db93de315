"""An import that is killed in its midst leaves nothing behind, and a second one all that the files tell."""

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
FOUND = (
    "SELECT m.title_key, m.document, genres.name FROM movie_search AS m LEFT JOIN movie_genres USING (movie_id)"
    " LEFT JOIN genres ON genres.id = genre_id ORDER BY 1, 2, 3"
)
NAMED = "SELECT name_key, credits FROM person_search ORDER BY 1"
WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'movie_characters'::regclass AND NOT granted"
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def catalogue(database: asyncpg.Connection) -> list[tuple[Any, ...]]:
    """Returns what an import wrote, without the ids that PostgreSQL gave it."""
    return [tuple(row) for query in (CATALOGUE, FOUND, NAMED) for row in await database.fetch(query)]


async def reaches(database: asyncpg.Connection, query: str, count: int) -> None:
    async with asyncio.timeout(30):
        while await database.fetchval(query) != count:  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(0.02)


async def test_a_killed_import_is_simply_repeated(
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
    nothing = await catalogue(database)
    others = await database.fetchval(OTHERS)
    async with database.transaction():
        # All but the last kind of record is written when the import comes here.
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
            await reaches(database, WAITING, 1)
        finally:
            killed.kill()
            await killed.wait()
    await reaches(database, OTHERS, others)
    assert await catalogue(database) == nothing == []
    assert run("import", "tmdb", *files, **variables_of(settings)).returncode == 0
    assert await catalogue(database) == clean
