"""Import of TMDB files: small files, each with a peculiarity of the real ones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest
from marquee.catalog.v1 import movies_pb2

from service.importers.report import RecordCounts
from service.importers.tmdb import import_tmdb
from service.settings import Settings
from tests.catalogue import add_genre, add_movie, add_person
from tests.client import Client
from tests.importers.tables import credits_of, movie, played
from tests.importers.tmdb_source import HEAT_CREDITS, Source, heat
from tests.processes import run, variables_of

CAST = """
SELECT billing_order, movie_characters.role, name, persons.first_name, persons.last_name
FROM movie_characters JOIN characters ON characters.id = character_id JOIN persons ON persons.id = person_id
ORDER BY billing_order, movie_characters.id
"""


@pytest.fixture
def source(database: asyncpg.Connection, tmp_path: Path) -> Source:
    """Files for an import into the test database."""
    return Source(database, tmp_path)


async def test_a_client_sees_all_values_of_the_files(client: Client, settings: Settings, source: Source) -> None:
    movies, casts = source.write([heat()], [HEAT_CREDITS])
    result = run("import", "tmdb", str(movies), str(casts), **variables_of(settings))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].split() == ["cast", "4", "0", "0"]
    found = (await client.catalog.GetMovie(movies_pb2.GetMovieRequest(tmdb_id=1))).movie
    assert (found.title, found.original_title, found.description) == ("Heat Wave", "Vague de chaleur", "A summer.")
    assert (found.tagline, found.duration, found.original_language) == ("It burns.", 101, "fr")
    assert (found.release_date.year, found.release_date.month, found.release_date.day) == (2001, 7, 9)
    assert (found.vote_average, found.vote_count, found.popularity) == (7.3, 812, 31.25)
    assert (found.director.first_name, found.director.last_name) == ("Iris", "De Wit")
    assert found.country.iso_3166_1 == "FR"
    assert [genre.name for genre in found.genres] == ["Crime", "Drama"]
    assert [(company.tmdb_id, company.name) for company in found.production_companies] == [(9, "Studio Neuf")]
    assert [country.code for country in found.production_countries] == ["FR", "BE"]
    assert [language.name for language in found.spoken_languages] == ["Français"]


async def test_a_cast_has_characters_in_billing_order(source: Source, database: asyncpg.Connection) -> None:
    await source.load([heat()], [HEAT_CREDITS])
    assert [tuple(row) for row in await database.fetch(CAST)] == [
        (0, "leading", "Eve", "Ada", "Poe"),
        (1, "leading", "Lou", "Vincent", "van Oss Jr."),
        (1, "leading", "The Stranger", "Vincent", "van Oss Jr."),
        (2, "leading", "Unnamed", "Zed", ""),
    ]
    genders = await database.fetch("SELECT gender FROM persons ORDER BY tmdb_id")
    assert [row["gender"] for row in genders] == ["female", "male", "non_binary", None]
    assert await database.fetchval("SELECT status FROM movies") == "post_production"
    money = await database.fetch("SELECT budget, revenue FROM movies")
    assert [tuple(row) for row in money] == [(Decimal("12000000.00"), Decimal("34000000.00"))]


async def test_roles_follow_the_place_in_the_cast(source: Source, database: asyncpg.Connection) -> None:
    cast = [played(n + 1, f"Actor {n}", f"Character {n}", order=n + 5) for n in range(12)]
    await source.load([movie(1)], [credits_of(1, cast)])
    rows = await database.fetch(CAST)
    assert [row["role"] for row in rows] == ["leading"] * 3 + ["supporting"] * 7 + ["background"] * 2
    assert [row["billing_order"] for row in rows] == list(range(5, 17))


async def test_a_person_may_play_several_characters_and_a_character_may_have_several_actors(
    source: Source, database: asyncpg.Connection
) -> None:
    cast = [played(5, "Ada Poe", "Eve", 0), played(5, "Ada Poe", "Eva", 1), played(6, "Bo Ek", "Eve", 2)]
    summary = await source.load([movie(1)], [credits_of(1, cast)])
    assert [tuple(row)[2:4] for row in await database.fetch(CAST)] == [("Eve", "Ada"), ("Eva", "Ada"), ("Eve", "Bo")]
    assert summary.counts["characters"].added == 2


async def test_characters_of_two_movies_are_different(source: Source, database: asyncpg.Connection) -> None:
    cast = [played(5, "Ada Poe", "Doctor", 0)]
    await source.load([movie(1), movie(2)], [credits_of(1, cast), credits_of(2, cast)])
    assert await database.fetchval("SELECT count(*) FROM characters") == 2
    assert await database.fetchval("SELECT count(*) FROM persons") == 1


async def test_empty_values_become_null_and_replace_no_value(source: Source, database: asyncpg.Connection) -> None:
    await source.load([movie(1, runtime="0")])
    (row,) = await database.fetch("SELECT budget, revenue, release_date, duration, country_id, director_id FROM movies")
    assert set(row) == {None}
    await source.load([heat()], [HEAT_CREDITS])
    (known,) = await database.fetch("SELECT budget, release_date, duration, description, spoken_languages FROM movies")
    assert known["release_date"] == date(2001, 7, 9)
    await source.load([movie(1, title="Heat Wave", overview="")])
    assert [known] == await database.fetch(
        "SELECT budget, release_date, duration, description, spoken_languages FROM movies"
    )


async def test_a_repeat_changes_nothing_and_says_so(source: Source, settings: Settings) -> None:
    await source.load([heat()], [HEAT_CREDITS])
    before = await source.state()
    movies, casts = source.write([heat()], [HEAT_CREDITS])
    result = run("import", "tmdb", str(movies), str(casts), **variables_of(settings))
    assert result.stdout.splitlines()[-1] == "Nothing changed."
    assert await source.state() == before


async def test_only_what_differs_is_written(source: Source, database: asyncpg.Connection) -> None:
    await source.load([heat(), movie(2)], [HEAT_CREDITS])
    before = set(await source.state())
    summary = await source.load([heat(tagline="It freezes."), movie(2)], [HEAT_CREDITS])
    assert summary.counts["movies"] == RecordCounts(added=0, changed=1, unchanged=1)
    assert {row[0] for row in set(await source.state()) - before} == {"movies", "audit_log"}
    versions = await database.fetch("SELECT row_version FROM movies ORDER BY tmdb_id")
    assert [row["row_version"] for row in versions] == [2, 1]


async def test_a_dry_run_returns_the_counts_and_changes_nothing(source: Source) -> None:
    before = await source.state()
    dry_run = await source.load([heat()], [HEAT_CREDITS], dry_run=True)
    assert await source.state() == before
    assert (await source.load([heat()], [HEAT_CREDITS])).counts == dry_run.counts
    assert dry_run.counts["cast"].added == 4


async def test_an_interrupted_import_leaves_nothing_and_can_be_repeated(source: Source) -> None:
    class Interrupted(Exception):
        pass

    def stop(step: str, done: int, _total: int) -> None:
        if step == "loading" and done == 6:
            raise Interrupted

    movies, casts = source.write([heat()], [HEAT_CREDITS])
    with pytest.raises(Interrupted):
        await import_tmdb(
            source.database, movies=movies, credits=casts, progress=stop, on_bad_row=source.bad_rows.append
        )
    assert await source.state() == []
    assert (await source.load_files(movies, casts)).counts["cast"].added == 4


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zip"])
async def test_files_may_be_compressed(source: Source, suffix: str) -> None:
    assert (await source.load([heat()], [HEAT_CREDITS], suffix=suffix)).counts["movies"].added == 1


async def test_records_made_by_hand_are_recognised(source: Source, database: asyncpg.Connection) -> None:
    drama = await add_genre(database, "drama")
    france = await database.fetchval("INSERT INTO countries (name) VALUES ('France') RETURNING id")
    director = await add_person(database, "Iris", last_name="De Wit")
    namesake = await add_person(database, "Ada", last_name="Poe")
    known = await add_movie(database, "Vague", tmdb_id=1, imdb_id="tt0000001", director_id=director)
    summary = await source.load([heat()], [HEAT_CREDITS])
    assert [(summary.counts[kind].changed) for kind in ("genres", "countries", "people", "movies")] == [1, 1, 1, 1]
    (row,) = await database.fetch("SELECT id, title, imdb_id, director_id, country_id FROM movies")
    assert tuple(row) == (known, "Heat Wave", "tt0000001", director, france)
    assert await database.fetchval("SELECT tmdb_id FROM genres WHERE id = $1", drama) == 18
    assert await database.fetchval("SELECT tmdb_id FROM persons WHERE id = $1", namesake) is None
