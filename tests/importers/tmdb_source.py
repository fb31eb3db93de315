"""A pair of TMDB files and their import into a test database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import asyncpg

from service.importers.report import BadRow, Summary
from service.importers.tmdb import import_tmdb
from tests.importers.tables import credits_of, directed, movie, played, write_table

Rows = Iterable[Mapping[str, str]]
EVERYTHING = """
SELECT 'movies', id, row_version, updated_at FROM movies
UNION ALL SELECT 'persons', id, row_version, updated_at FROM persons
UNION ALL SELECT 'characters', id, row_version, updated_at FROM characters
UNION ALL SELECT 'movie_characters', id, row_version, updated_at FROM movie_characters
UNION ALL SELECT 'genres', id, row_version, updated_at FROM genres
UNION ALL SELECT 'countries', id, row_version, updated_at FROM countries
UNION ALL SELECT 'movie_genres', id, 0, updated_at FROM movie_genres
UNION ALL SELECT 'audit_log', id, 0, created_at FROM audit_log
ORDER BY 1, 2
"""


class Source:
    """Pair of TMDB files and the bad rows of their last import."""

    def __init__(self, database: asyncpg.Connection, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.bad_rows: list[BadRow] = []

    def write(self, movies: Rows, credit_rows: Rows = (), *, suffix: str = "") -> tuple[Path, Path]:
        """Writes both files; without credit rows, one with an actor of movie 1."""
        casts = list(credit_rows) or [credits_of(1, [played(5, "Ada Poe", "Eve", 0)])]
        return (
            write_table(self.folder / f"movies.csv{suffix}", movies),
            write_table(self.folder / f"credits.csv{suffix}", casts),
        )

    async def load(self, movies: Rows, credit_rows: Rows = (), *, dry_run: bool = False, suffix: str = "") -> Summary:
        """Writes both files and imports them."""
        return await self.load_files(*self.write(movies, credit_rows, suffix=suffix), dry_run=dry_run)

    async def load_files(self, movies: Path, casts: Path, *, dry_run: bool = False) -> Summary:
        """Imports two files."""
        self.bad_rows.clear()
        return await import_tmdb(
            self.database,
            movies=movies,
            credits=casts,
            progress=lambda *_: None,
            on_bad_row=self.bad_rows.append,
            dry_run=dry_run,
        )

    async def state(self) -> list[tuple[Any, ...]]:
        """Returns the version and time of change of every row of the catalogue."""
        return [tuple(row) for row in await self.database.fetch(EVERYTHING)]


def heat(**changes: Any) -> dict[str, str]:
    values: dict[str, Any] = {
        "title": "Heat Wave",
        "original_title": "Vague de chaleur",
        "overview": "A summer.",
        "tagline": "It burns.",
        "budget": "12000000",
        "revenue": "34000000",
        "release_date": "2001-07-09",
        "runtime": "101.0",
        "vote_average": "7.3",
        "vote_count": "812",
        "popularity": "31.25",
        "status": "Post Production",
        "original_language": "fr",
        "genres": [{"id": 18, "name": "Drama"}, {"id": 80, "name": "Crime"}],
        "production_companies": [{"id": 9, "name": "Studio Neuf"}],
        "production_countries": [{"iso_3166_1": "FR", "name": "France"}, {"iso_3166_1": "BE", "name": "Belgium"}],
        "spoken_languages": [{"iso_639_1": "fr", "name": "Français"}],
    }
    return movie(1, **(values | changes))


HEAT_CREDITS = credits_of(
    1,
    [
        played(5, "Ada Poe", "Eve", 0, gender=1),
        played(6, "Vincent van Oss Jr.", "Lou / The Stranger", 1, gender=2),
        played(7, "Zed", "", 2, gender=3),
    ],
    [directed(8, "Max Low", "Producer"), directed(9, "Iris De Wit"), directed(10, "Second Director")],
)
