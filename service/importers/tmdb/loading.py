"""Import of the TMDB files in one transaction: readers see either the whole import or nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from service.importers.cleaning import FirstLines
from service.importers.csv_files import Row, clean_rows
from service.importers.report import BadRow, BadRows, RecordCounts, Summary, count_records, summarize
from service.importers.staging import (
    BATCH,
    Connection,
    Progress,
    Staging,
    execute,
    import_transaction,
    record_import,
)
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
    on_bad_row: Callable[[BadRow], None],
    dry_run: bool = False,
) -> Summary:
    """Adds the records of the two files to the catalogue and updates the known ones.

    TMDB ids identify the records, so a repeat changes nothing. An interrupted import leaves nothing behind. Records
    that the files no longer hold stay. A bad row is reported and left out. A dry run does all the work and rolls it
    back. Raises FileUnusable and asyncpg's errors.
    """
    bad = BadRows(on_bad_row=on_bad_row)
    async with import_transaction(connection, dry_run=dry_run):
        await connection.execute(statements.TABLES)
        staging = Staging(connection, STAGED)
        for movie in _clean_movies(movies, bad, partial(progress, "movies")):
            staging.add("staged_movies", [movie.movie])
            staging.add("staged_genres", movie.genres)
            staging.add("staged_countries", movie.countries)
            await staging.flush(least=BATCH)
        for credit in _clean_credits(credits, bad, partial(progress, "credits")):
            staging.add("staged_credits", [credit.credits])
            staging.add("staged_persons", credit.persons)
            staging.add("staged_parts", credit.parts)
            await staging.flush(least=BATCH)
        await staging.flush()
        merge = _Merge(connection, bad=bad, progress=progress, movies=movies.name, credits=credits.name)
        summary = summarize(await merge.run(), bad)
        await record_import(connection, "tmdb", summary)
    return summary


def _clean_movies(path: Path, bad: BadRows, progress: Callable[[int, int], None]) -> Iterator[CleanMovie]:
    first_lines = FirstLines()

    def clean(row: Row) -> CleanMovie:
        movie = clean_movie(row)
        first_lines.require_first(movie.movie.tmdb_id, row.line)
        return movie

    return clean_rows(path, MOVIE_COLUMNS, clean, kind="movie", bad=bad, progress=progress)


def _clean_credits(path: Path, bad: BadRows, progress: Callable[[int, int], None]) -> Iterator[CleanCredits]:
    first_lines = FirstLines()

    def clean(row: Row) -> CleanCredits:
        cleaned = clean_credits(row, file=path.name, bad=bad)
        first_lines.require_first(cleaned.credits.movie, row.line)
        return cleaned

    return clean_rows(path, CREDIT_COLUMNS, clean, kind="credits", bad=bad, progress=progress)


class _Merge:
    """Merges staged rows into the catalogue."""

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

    async def run(self) -> dict[str, RecordCounts]:
        """Merges every kind of record, referenced ones first, and returns the counts by kind."""
        await self._connection.execute(statements.DEDUPLICATE)
        kinds = {
            "genres": self._genres,
            "countries": self._countries,
            "people": self._persons,
            "movies": self._movies,
            "genres of movies": self._movie_genres,
            "characters": self._characters,
            "cast": self._parts,
        }
        counts: dict[str, RecordCounts] = {}
        for done, (kind, merge) in enumerate(kinds.items()):
            self._progress("loading", done, len(kinds))
            counts[kind] = await merge()
        self._progress("loading", len(kinds), len(kinds))
        return counts

    async def _genres(self) -> RecordCounts:
        changed = await execute(self._connection, statements.LINK_GENRES)
        added = await execute(self._connection, statements.ADD_GENRES)
        await self._connection.execute(statements.SET_GENRE_IDS)
        return count_records(await self._count("source_genres"), added=added, changed=changed)

    async def _countries(self) -> RecordCounts:
        changed = await execute(self._connection, statements.LINK_COUNTRIES)
        added = await execute(self._connection, statements.ADD_COUNTRIES)
        await self._connection.execute(statements.SET_COUNTRY_IDS)
        missing = await self._connection.fetch(statements.MISSING_COUNTRIES)
        for line, code in missing:
            reason = f"a country with another code has the name of {code}"
            self._bad.add(BadRow(self._movies_file, line, "country", reason))
        return count_records(await self._count("source_countries") - len(missing), added=added, changed=changed)

    async def _persons(self) -> RecordCounts:
        linked = await execute(self._connection, statements.LINK_PERSONS)
        changed = await execute(self._connection, statements.CHANGE_PERSONS)
        added = await execute(self._connection, statements.ADD_PERSONS)
        return count_records(await self._count("source_persons"), added=added, changed=linked + changed)

    async def _movies(self) -> RecordCounts:
        await self._connection.execute(statements.RESOLVE_MOVIES)
        changed = await execute(self._connection, statements.CHANGE_MOVIES)
        added = await execute(self._connection, statements.ADD_MOVIES)
        for line, movie in await self._connection.fetch(statements.MISSING_MOVIES):
            self._bad.add(BadRow(self._credits_file, line, "credits", f"there is no movie {movie}"))
        return count_records(await self._count("source_movies"), added=added, changed=changed)

    async def _movie_genres(self) -> RecordCounts:
        added = await execute(self._connection, statements.ADD_MOVIE_GENRES)
        return count_records(await self._count("(SELECT DISTINCT movie, tmdb_id FROM staged_genres)"), added=added)

    async def _characters(self) -> RecordCounts:
        await self._connection.execute(statements.RESOLVE_PARTS)
        added = await execute(self._connection, statements.ADD_CHARACTERS)
        return count_records(await self._count("source_characters"), added=added)

    async def _parts(self) -> RecordCounts:
        changed = await execute(self._connection, statements.CHANGE_PARTS)
        added = await execute(self._connection, statements.ADD_PARTS)
        return count_records(await self._count("source_parts"), added=added, changed=changed)

    async def _count(self, table: str) -> int:
        count: int = await self._connection.fetchval(f"SELECT count(*) FROM {table} AS counted")  # noqa: S608 - ours
        return count
