"""Import of the sample catalogue: the command, then the replies to a client."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from marquee.catalog.v1 import movies_pb2

from service.settings import Settings
from tests.catalogue import add_movie
from tests.client import Client
from tests.processes import run, variables_of

TABLES = ("movies", "persons", "characters", "movie_characters", "movie_genres", "genres", "countries")


@pytest.fixture
def variables(settings: Settings) -> dict[str, Any]:
    """Settings of the test server as environment variables."""
    return variables_of(settings)


async def count(database: asyncpg.Connection) -> dict[str, int]:
    return {table: await database.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}  # noqa: S608 - ours


async def test_a_client_sees_every_film_with_its_people_and_genres(client: Client, variables: dict[str, Any]) -> None:
    assert run("import", "sample", "--no-posters", **variables).returncode == 0
    page = await client.catalog.ListMovies(movies_pb2.ListMoviesRequest(page_size=100, order_by="title"))
    assert len(page.movies) == 60
    samurai = next(movie for movie in page.movies if movie.imdb_id == "tt0047478")
    assert (samurai.title, samurai.original_title, samurai.release_date.year) == ("Seven Samurai", "七人の侍", 1954)
    assert (samurai.director.first_name, samurai.director.last_name) == ("Akira", "Kurosawa")
    assert samurai.country.iso_3166_1 == "JP"
    assert samurai.genres
    assert samurai.duration > 180


async def test_a_repeat_changes_nothing_and_says_so(database: asyncpg.Connection, variables: dict[str, Any]) -> None:
    run("import", "sample", "--no-posters", **variables)
    first = await count(database)
    repeat = run("import", "sample", "--no-posters", **variables)
    assert "0 films added" in repeat.stdout
    assert "60 were there already" in repeat.stdout
    assert await count(database) == first
    assert first["movies"] == 60
    assert first["movie_characters"] == first["characters"] > 300


async def test_existing_genres_countries_and_movies_are_used(
    database: asyncpg.Connection, variables: dict[str, Any]
) -> None:
    await database.execute("INSERT INTO genres (name) VALUES ('drama')")
    await database.execute("INSERT INTO countries (name, iso_3166_1) VALUES ('Nippon', 'JP')")
    await add_movie(database, "Shichinin no samurai", imdb_id="tt0047478")
    assert "59 films added" in run("import", "sample", "--no-posters", **variables).stdout
    assert await database.fetchval("SELECT count(*) FROM genres WHERE lower(name) = 'drama'") == 1
    assert await database.fetchval("SELECT name FROM countries WHERE iso_3166_1 = 'JP'") == "Nippon"
