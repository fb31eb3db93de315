"""Importing the TMDB files: all of both in one transaction, so readers see the whole of an import or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from service.importers.bad_rows import BadRow, BadRows
from service.importers.cleaning import BadValue
from service.importers.reading import read_rows
from service.importers.staging import (
    BATCH,
    Connection,
    Progress,
    Staging,
    import_transaction,
    outcome,
    record_import,
    written,
)
from service.importers.summary import Outcome, Summary, summarize
from service.importers.tmdb import statements
from service.importers.tmdb.cleaning import (
    CREDIT_COLUMNS,
    MOVIE_COLUMNS,
    CleanCredits,
    CleanMovie,
    StagedCountry,
    StagedCredits,
    StagedGenre,
    StagedMovie,
    StagedPart,
    StagedPerson,
    clean_credits,
    clean_movie,
)

STAGED = {
    "staged_movies": StagedMovie,
    "staged_genres": StagedGenre,
    "staged_countries": StagedCountry,
    "staged_credits": StagedCredits,
    "staged_persons": StagedPerson,
    "staged_parts": StagedPart,
}


async def import_tmdb(
    connection: Connection,
    *,
    movies: Path,
    credits: Path,  # noqa: A002 - the file's name
    progress: Progress,
    told: Callable[[BadRow], None],
    dry_run: bool = False,
) -> Summary:
    """Brings the catalogue to what the two files say, and returns what that took.

    Records are known by their TMDB ids, so a repeat changes nothing, and an import that was cut short left nothing
    behind and is simply repeated. What the files no longer hold stays. A row that cannot be used is told and left
    out. A dry run does all the work and takes it back. Raises FileUnusable, and what asyncpg raises.
    """
    bad = BadRows(told=told)
    async with import_transaction(connection, dry_run=dry_run):
        await connection.execute(statements.TABLES)
        staging = Staging(connection, STAGED)
        for movie in _movies(movies, bad, partial(progress, "movies")):
            staging.add("staged_movies", [movie.movie])
            staging.add("staged_genres", movie.genres)
            staging.add("staged_countries", movie.countries)
            await staging.flush(least=BATCH)
        for credit in _credits(credits, bad, partial(progress, "credits")):
            staging.add("staged_credits", [credit.credits])
            staging.add("staged_persons", credit.persons)
            staging.add("staged_parts", credit.parts)
            await staging.flush(least=BATCH)
        await staging.flush()
        loading = _Loading(connection, bad=bad, progress=progress, movies=movies.name, credits=credits.name)
        summary = summarize(await loading.load(), bad)
        await record_import(connection, "tmdb", summary)
    return summary


def _movies(path: Path, bad: BadRows, advanced: Callable[[int, int], None]) -> Iterator[CleanMovie]:
    first_lines: dict[int, int] = {}
    for row in read_rows(path, MOVIE_COLUMNS, kind="movie", bad=bad, advanced=advanced):
        try:
            movie = clean_movie(row)
            _require_first(first_lines, movie.movie.tmdb_id, row.line)
        except BadValue as error:
            bad.add(BadRow(path.name, row.line, "movie", str(error)))
        else:
            yield movie


def _credits(path: Path, bad: BadRows, advanced: Callable[[int, int], None]) -> Iterator[CleanCredits]:
    first_lines: dict[int, int] = {}
    for row in read_rows(path, CREDIT_COLUMNS, kind="credits", bad=bad, advanced=advanced):
        try:
            found = clean_credits(row, file=path.name, bad=bad)
            _require_first(first_lines, found.credits.movie, row.line)
        except BadValue as error:
            bad.add(BadRow(path.name, row.line, "credits", str(error)))
        else:
            yield found


def _require_first(first_lines: dict[int, int], tmdb_id: int, line: int) -> None:
    first = first_lines.setdefault(tmdb_id, line)
    if first != line:
        raise BadValue(f"movie {tmdb_id} stands in line {first} already")


class _Loading:
    """From staged rows to the catalogue."""

    def __init__(
        self,
        connection: Connection,
        *,
        bad: BadRows,
        progress: Progress,
        movies: str,
        credits: str,  # noqa: A002 - the file
    ) -> None:
        self._connection = connection
        self._bad = bad
        self._progress = progress
        self._movies_file = movies
        self._credits_file = credits

    async def load(self) -> dict[str, Outcome]:
        """Writes every kind of record, those that others refer to first; returns what became of each."""
        await self._connection.execute(statements.GATHER)
        kinds = {
            "genres": self._genres,
            "countries": self._countries,
            "people": self._persons,
            "movies": self._movies,
            "genres of movies": self._movie_genres,
            "characters": self._characters,
            "cast": self._parts,
        }
        outcomes: dict[str, Outcome] = {}
        for done, (kind, load) in enumerate(kinds.items()):
            self._progress("loading", done, len(kinds))
            outcomes[kind] = await load()
        self._progress("loading", len(kinds), len(kinds))
        return outcomes

    async def _genres(self) -> Outcome:
        changed = await written(self._connection, statements.ADOPT_GENRES)
        added = await written(self._connection, statements.ADD_GENRES)
        await self._connection.execute(statements.FIND_GENRES)
        return outcome(await self._count("given_genres"), added=added, changed=changed)

    async def _countries(self) -> Outcome:
        changed = await written(self._connection, statements.ADOPT_COUNTRIES)
        added = await written(self._connection, statements.ADD_COUNTRIES)
        await self._connection.execute(statements.FIND_COUNTRIES)
        unfound = await self._connection.fetch(statements.UNFOUND_COUNTRIES)
        for line, code in unfound:
            reason = f"the name of {code} belongs to a country with another code"
            self._bad.add(BadRow(self._movies_file, line, "country", reason))
        return outcome(await self._count("given_countries") - len(unfound), added=added, changed=changed)

    async def _persons(self) -> Outcome:
        adopted = await written(self._connection, statements.ADOPT_PERSONS)
        changed = await written(self._connection, statements.CHANGE_PERSONS)
        added = await written(self._connection, statements.ADD_PERSONS)
        return outcome(await self._count("given_persons"), added=added, changed=adopted + changed)

    async def _movies(self) -> Outcome:
        await self._connection.execute(statements.GATHER_MOVIES)
        changed = await written(self._connection, statements.CHANGE_MOVIES)
        added = await written(self._connection, statements.ADD_MOVIES)
        for line, movie in await self._connection.fetch(statements.UNFOUND_MOVIES):
            self._bad.add(BadRow(self._credits_file, line, "credits", f"there is no movie {movie}"))
        return outcome(await self._count("given_movies"), added=added, changed=changed)

    async def _movie_genres(self) -> Outcome:
        added = await written(self._connection, statements.ADD_MOVIE_GENRES)
        return outcome(await self._count("(SELECT DISTINCT movie, tmdb_id FROM staged_genres)"), added=added)

    async def _characters(self) -> Outcome:
        await self._connection.execute(statements.GATHER_PARTS)
        added = await written(self._connection, statements.ADD_CHARACTERS)
        return outcome(await self._count("given_characters"), added=added)

    async def _parts(self) -> Outcome:
        changed = await written(self._connection, statements.CHANGE_PARTS)
        added = await written(self._connection, statements.ADD_PARTS)
        return outcome(await self._count("given_parts"), added=added, changed=changed)

    async def _count(self, table: str) -> int:
        count: int = await self._connection.fetchval(f"SELECT count(*) FROM {table} AS counted")  # noqa: S608 - ours
        return count
