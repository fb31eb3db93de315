"""Bad rows of TMDB files: reported with their line, without stopping the import."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from service.importers.csv_files import MAX_LINE, FileUnusable
from service.importers.report import BadRow
from service.settings import Settings
from tests.importers.tables import credits_of, movie, played
from tests.importers.tmdb_source import HEAT_CREDITS, Source, heat
from tests.processes import run, variables_of


@pytest.fixture
def source(database: asyncpg.Connection, tmp_path: Path) -> Source:
    """Files for an import into the test database."""
    return Source(database, tmp_path)


BAD_MOVIES = {
    "id is no whole number from 1 to 2147483647: '0'": movie(0),
    "id is no number: 'x'": movie(3, id="x"),
    "title is empty": movie(3, title="  "),
    "title is longer than 500 characters": movie(3, title="x" * 501),
    "release_date is no date: '2001-02-30'": movie(3, release_date="2001-02-30"),
    "budget is no amount of money: '-1'": movie(3, budget="-1"),
    "vote_average is out of bounds: '11'": movie(3, vote_average="11"),
    "popularity is out of bounds: 'NaN'": movie(3, popularity="NaN"),
    "status is unknown: 'Lost'": movie(3, status="Lost"),
    "genres is no JSON": movie(3, genres="[{'id': 1}]"),
    "genres is no JSON list of objects": movie(3, genres="[1]"),
    "country code is no ISO 3166-1 alpha-2 code: 'fr'": movie(
        3, production_countries=[{"iso_3166_1": "fr", "name": "F"}]
    ),
    "movie 1 is in line 2 already": movie(1),
    "overview holds a NUL": movie(3, overview="a\0b"),
}


@pytest.mark.parametrize("reason", BAD_MOVIES)
async def test_a_bad_movie_is_reported_with_its_line(source: Source, reason: str) -> None:
    summary = await source.load([heat(), BAD_MOVIES[reason], movie(4)])
    assert source.bad_rows == [BadRow("movies.csv", 3, "movie", reason)]
    assert summary.counts["movies"].added == 2


async def test_malformed_lines_are_reported(source: Source) -> None:
    movies, casts = source.write([heat(), movie(2)])
    lines = movies.read_bytes().split(b"\r\n")
    bad = [b"1,2,3", b"x" * (MAX_LINE + 10), lines[2].replace(b"A Film", b"\xff")]
    movies.write_bytes(b"\r\n".join([*lines[:2], *bad, *lines[2:]]))
    summary = await source.load_files(movies, casts)
    assert [(row.line, row.kind) for row in source.bad_rows] == [(3, "movie"), (4, "movie"), (5, "movie")]
    assert [row.reason for row in source.bad_rows] == [
        "3 fields, not 20",
        f"line longer than {MAX_LINE} characters",
        "title is not UTF-8",
    ]
    assert (summary.counts["movies"].added, summary.bad_rows) == (2, {"movie": 3})


async def test_a_bad_cast_entry_does_not_affect_the_others(source: Source) -> None:
    cast = [played(0, "Nobody", "None", 0), played(5, " ", "Eve", 1), played(6, "Bo Ek", "Eve", 2)]
    summary = await source.load([movie(1)], [credits_of(1, cast), credits_of(77)])
    assert [(row.line, row.kind, row.reason) for row in source.bad_rows] == [
        (2, "cast", "entry 1: id is no whole number from 1 to 2147483647: 0"),
        (2, "cast", "entry 2: name is empty"),
        (3, "credits", "there is no movie 77"),
    ]
    assert summary.counts["cast"].added == 1


async def test_the_first_bad_rows_are_printed_and_the_report_has_all(
    source: Source, settings: Settings, tmp_path: Path
) -> None:
    movies, casts = source.write([heat(), *(movie(n, title="") for n in range(2, 27))])
    report = tmp_path / "report.csv"
    result = run("import", "tmdb", str(movies), str(casts), "--report", str(report), **variables_of(settings))
    assert result.returncode == 0
    printed = [line for line in result.stdout.splitlines() if line.startswith("left out ")]
    assert len(printed) == 20
    assert printed[0] == "left out movies.csv:3 (movie): title is empty"
    assert result.stdout.splitlines()[-1] == "25 left out in all: 25 movie"
    assert len(report.read_text().splitlines()) == 26


@pytest.mark.parametrize("damage", ["missing", "truncated", "other columns"])
async def test_an_unusable_file_gives_one_error_and_changes_nothing(
    source: Source, settings: Settings, damage: str
) -> None:
    movies, casts = source.write([heat()], [HEAT_CREDITS], suffix=".xz")
    match damage:
        case "missing":
            casts.unlink()
        case "truncated":
            casts.write_bytes(casts.read_bytes()[:-20])
        case _:
            casts = movies
    result = run("import", "tmdb", str(movies), str(casts), **variables_of(settings))
    if damage == "missing":
        # Misuse: the argument parser reports it in a box, whose lines may break the path.
        assert result.returncode == 2
        assert "does not exist" in " ".join(result.stderr.split())
    else:
        assert (result.returncode, result.stderr.count("\n")) == (1, 1)
        assert casts.name in result.stderr
    assert await source.state() == []
    with pytest.raises(FileUnusable):
        await source.load_files(movies, casts)


async def test_a_country_name_with_another_code_is_reported(source: Source, database: asyncpg.Connection) -> None:
    await database.execute("INSERT INTO countries (name, iso_3166_1) VALUES ('France', 'XF')")
    await source.load([heat()], [HEAT_CREDITS])
    assert source.bad_rows == [BadRow("movies.csv", 2, "country", "a country with another code has the name of FR")]
    assert await database.fetchval("SELECT country_id FROM movies") is None
