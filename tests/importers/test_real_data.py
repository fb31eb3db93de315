"""Import of the complete TMDB 5000 files, which are not part of the project; MARQUEE_DATA_DIR is their folder."""

from __future__ import annotations

import csv
import json
import lzma
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from marquee.catalog.v1 import movies_pb2

from service.importers.report import BadRow, Summary
from service.importers.tmdb import import_tmdb
from tests.client import Client

FOLDER = Path(os.environ.get("MARQUEE_DATA_DIR", "")) / "tmdb-5000"
MOVIES = FOLDER / "tmdb_5000_movies.csv.xz"
CREDITS = FOLDER / "tmdb_5000_credits.csv.xz"
VERSIONS = """
SELECT sum(row_version), count(*), max(updated_at) FROM movies
UNION ALL SELECT sum(row_version), count(*), max(updated_at) FROM persons
UNION ALL SELECT sum(row_version), count(*), max(updated_at) FROM characters
UNION ALL SELECT sum(row_version), count(*), max(updated_at) FROM movie_characters
UNION ALL SELECT 0, count(*), max(updated_at) FROM movie_genres
UNION ALL SELECT 0, count(*), max(created_at) FROM catalog_changes
"""

pytestmark = pytest.mark.skipif(
    not (MOVIES.is_file() and CREDITS.is_file()), reason="MARQUEE_DATA_DIR has no TMDB 5000 files"
)


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def expected_counts() -> dict[str, int]:
    """Returns the counts of the files, computed without the code of the importer."""
    genres, countries, people, played = set(), set(), set(), set()
    movies = genres_of_movies = credited = 0
    for row in rows_of(MOVIES):
        movies += 1
        found = json.loads(row["genres"])
        genres_of_movies += len(found)
        genres |= {genre["id"] for genre in found}
        countries |= {country["iso_3166_1"] for country in json.loads(row["production_countries"])}
    for row in rows_of(CREDITS):
        for entry in json.loads(row["cast"]):
            credited += 1
            people.add(entry["id"])
            for name in entry["character"].split(" / "):
                # The importer shortens the longest names.
                played.add((row["movie_id"], entry["id"], " ".join(name.split())[:254]))
        directors = [entry["id"] for entry in json.loads(row["crew"]) if entry["job"] == "Director"]
        people |= set(directors[:1])
    assert (movies, credited) == (4_803, 106_257)
    return {
        "genres": len(genres),
        "countries": len(countries),
        "people": len(people),
        "movies": movies,
        "genres of movies": genres_of_movies,
        "characters": len({(movie, name) for movie, _, name in played}),
        "cast": len(played),
    }


async def load(database: asyncpg.Connection, bad_rows: list[BadRow]) -> Summary:
    return await import_tmdb(
        database, movies=MOVIES, credits=CREDITS, progress=lambda *_: None, on_bad_row=bad_rows.append
    )


async def test_all_of_tmdb_5000_is_imported_and_a_repeat_changes_nothing(
    client: Client, database: asyncpg.Connection
) -> None:
    bad_rows: list[BadRow] = []
    expected = expected_counts()
    summary = await load(database, bad_rows)
    assert {kind: done.added for kind, done in summary.counts.items()} == expected
    assert bad_rows == []
    before = await database.fetch(VERSIONS)
    again = await load(database, bad_rows)
    assert not again.is_change
    assert {kind: done.unchanged for kind, done in again.counts.items()} == expected
    assert await database.fetch(VERSIONS) == before
    await check_films(client, database)


async def check_films(client: Client, database: asyncpg.Connection) -> None:
    """Checks a few films with typical peculiarities."""
    avatar = await get_movie(client, 19995)
    assert (avatar.title, avatar.duration, avatar.release_date.year) == ("Avatar", 162, 2009)
    assert (avatar.director.first_name, avatar.director.last_name) == ("James", "Cameron")
    assert [genre.name for genre in avatar.genres] == ["Action", "Adventure", "Fantasy", "Science Fiction"]
    assert [country.code for country in avatar.production_countries] == ["US", "GB"]
    assert (await cast_of(database, 19995))[:2] == [
        (0, "leading", "Jake Sully", "Sam", "Worthington"),
        (1, "leading", "Neytiri", "Zoe", "Saldana"),
    ]
    assert (await cast_of(database, 603))[2] == (2, "leading", "Trinity", "Carrie-Anne", "Moss")
    spirited = await get_movie(client, 129)
    assert (spirited.title, spirited.original_title) == ("Spirited Away", "千と千尋の神隠し")
    assert (spirited.original_language, spirited.country.iso_3166_1) == ("ja", "JP")
    unknown = await database.fetchval("SELECT count(*) FROM movies WHERE budget IS NULL")
    assert unknown == sum(row["budget"] == "0" for row in rows_of(MOVIES))


async def get_movie(client: Client, tmdb_id: int) -> Any:
    return (await client.catalog.GetMovie(movies_pb2.GetMovieRequest(tmdb_id=tmdb_id))).movie


async def cast_of(database: asyncpg.Connection, tmdb_id: int) -> list[tuple[Any, ...]]:
    rows = await database.fetch(
        "SELECT billing_order, movie_characters.role, characters.name, first_name, last_name"
        " FROM movies JOIN movie_characters ON movie_id = movies.id JOIN characters ON characters.id = character_id"
        " JOIN persons ON persons.id = person_id WHERE movies.tmdb_id = $1 ORDER BY billing_order, movie_characters.id",
        tmdb_id,
    )
    return [tuple(row) for row in rows]
