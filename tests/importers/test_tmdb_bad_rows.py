"""What TMDB's files may hold that cannot be used: it is told with its line, and stops nothing."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from service.importers.bad_rows import BadRow
from service.importers.reading import MAX_LINE, FileUnusable
from service.settings import Settings
from tests.importers.tables import credits_of, movie, played
from tests.importers.tmdb_source import HEAT_CREDITS, Source, heat
from tests.processes import run, variables_of


@pytest.fixture
def source(database: asyncpg.Connection, tmp_path: Path) -> Source:
    """Files to import into the test's database."""
    return Source(database, tmp_path)


BAD_MOVIES = {
    "id is no whole number from 1 to 2147483647: '0'": movie(0),
    "id is no number: 'x'": movie(3, id="x"),
    "title is empty": movie(3, title="  "),
    "title is longer than 500 characters": movie(3, title="x" * 501),
    "release_date is no day: '2001-02-30'": movie(3, release_date="2001-02-30"),
    "budget is no amount of money: '-1'": movie(3, budget="-1"),
    "vote_average is out of bounds: '11'": movie(3, vote_average="11"),
    "popularity is out of bounds: 'NaN'": movie(3, popularity="NaN"),
    "status is unknown: 'Lost'": movie(3, status="Lost"),
    "genres is no JSON": movie(3, genres="[{'id': 1}]"),
    "genres is no JSON list of objects": movie(3, genres="[1]"),
    "country code is none of ISO 3166-1: 'fr'": movie(3, production_countries=[{"iso_3166_1": "fr", "name": "F"}]),
    "movie 1 stands in line 2 already": movie(1),
    "overview holds a NUL": movie(3, overview="a\0b"),
}


@pytest.mark.parametrize("reason", BAD_MOVIES)
async def test_a_bad_movie_is_told_with_its_line_and_stops_nothing(source: Source, reason: str) -> None:
    summary = await source.load([heat(), BAD_MOVIES[reason], movie(4)])
    assert source.told == [BadRow("movies.csv", 3, "movie", reason)]
    assert summary.outcomes["movies"].added == 2


async def test_rows_that_are_none_are_told_and_stop_nothing(source: Source) -> None:
    movies, casts = source.write([heat(), movie(2)])
    lines = movies.read_bytes().split(b"\r\n")
    bad = [b"1,2,3", b"x" * (MAX_LINE + 10), lines[2].replace(b"A Film", b"\xff")]
    movies.write_bytes(b"\r\n".join([*lines[:2], *bad, *lines[2:]]))
    summary = await source.load_files(movies, casts)
    assert [(row.line, row.kind) for row in source.told] == [(3, "movie"), (4, "movie"), (5, "movie")]
    assert [row.reason for row in source.told] == [
        "3 fields, not 20",
        f"line longer than {MAX_LINE} characters",
        "title is not UTF-8",
    ]
    assert (summary.outcomes["movies"].added, summary.bad) == (2, {"movie": 3})


async def test_bad_entries_of_a_cast_leave_the_others(source: Source) -> None:
    cast = [played(0, "Nobody", "None", 0), played(5, " ", "Eve", 1), played(6, "Bo Ek", "Eve", 2)]
    summary = await source.load([movie(1)], [credits_of(1, cast), credits_of(77)])
    assert [(row.line, row.kind, row.reason) for row in source.told] == [
        (2, "cast", "entry 1: id is no whole number from 1 to 2147483647: 0"),
        (2, "cast", "entry 2: name is empty"),
        (3, "credits", "there is no movie 77"),
    ]
    assert summary.outcomes["cast"].added == 1


async def test_the_first_bad_rows_are_printed_and_all_are_in_the_report(
    source: Source, settings: Settings, tmp_path: Path
) -> None:
    movies, casts = source.write([heat(), *(movie(n, title="") for n in range(2, 27))])
    report = tmp_path / "report.csv"
    told = run("import", "tmdb", str(movies), str(casts), "--report", str(report), **variables_of(settings))
    assert told.returncode == 0
    printed = [line for line in told.stdout.splitlines() if line.startswith("left out ")]
    assert len(printed) == 20
    assert printed[0] == "left out movies.csv:3 (movie): title is empty"
    assert told.stdout.splitlines()[-1] == "25 left out in all: 25 movie"
    assert len(report.read_text().splitlines()) == 26


@pytest.mark.parametrize("damage", ["away", "cut", "another table"])
async def test_a_file_that_cannot_be_used_is_one_sentence_and_changes_nothing(
    source: Source, settings: Settings, damage: str
) -> None:
    movies, casts = source.write([heat()], [HEAT_CREDITS], suffix=".xz")
    match damage:
        case "away":
            casts.unlink()
        case "cut":
            casts.write_bytes(casts.read_bytes()[:-20])
        case _:
            casts = movies
    told = run("import", "tmdb", str(movies), str(casts), **variables_of(settings))
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert casts.name in told.stderr
    assert await source.state() == []
    with pytest.raises(FileUnusable):
        await source.load_files(movies, casts)


async def test_a_country_whose_name_another_code_has_is_told(source: Source, database: asyncpg.Connection) -> None:
    await database.execute("INSERT INTO countries (name, iso_3166_1) VALUES ('France', 'XF')")
    await source.load([heat()], [HEAT_CREDITS])
    assert source.told == [BadRow("movies.csv", 2, "country", "the name of FR belongs to a country with another code")]
    assert await database.fetchval("SELECT country_id FROM movies") is None
