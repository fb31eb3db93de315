"""Measures the import of all TMDB 5000 files compared with a bare COPY of the same rows, and its peak memory.

Both write into a migrated, empty database with keys, indexes and triggers. The import reads the compressed files; the
COPY reads the result of the import in PostgreSQL's binary format, in one transaction.
Goals: a ratio of at most 3, a peak of at most 300 MB. Reads MARQUEE_DATA_DIR.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
from pydantic import SecretStr

from service.database import migrations
from service.importers.tmdb import import_tmdb
from service.local.postgres import EmbeddedPostgres
from service.settings import Settings

TABLES = ("countries", "genres", "persons", "movies", "movie_genres", "characters", "movie_characters")
WRITABLE = """
SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
MAX_RATIO = 3.0
MAX_MEGABYTES = 300


async def seconds_of_import(url: str, data: Path) -> float:
    """Imports the files and returns the seconds."""
    connection = await asyncpg.connect(url)
    start = time.perf_counter()
    await import_tmdb(
        connection,
        movies=data / "tmdb_5000_movies.csv.xz",
        credits=data / "tmdb_5000_credits.csv.xz",
        progress=lambda *_: None,
        on_bad_row=print,
    )
    seconds = time.perf_counter() - start
    await connection.close()
    return seconds


async def seconds_of_copy(source_url: str, url: str, folder: Path) -> float:
    """Copies all rows of one database to another and returns the seconds of the writes."""
    source = await asyncpg.connect(source_url)
    columns = {table: await source.fetchval(WRITABLE, table) for table in TABLES}
    for table in TABLES:
        await source.copy_from_table(table, columns=columns[table], output=folder / table, format="binary")
    await source.close()
    target = await asyncpg.connect(url)
    start = time.perf_counter()
    async with target.transaction():
        for table in TABLES:
            await target.copy_to_table(table, columns=columns[table], source=folder / table, format="binary")
    seconds = time.perf_counter() - start
    await target.close()
    return seconds


async def measure(data: Path) -> bool:
    """Prints the figures and returns whether both goals are met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        postgres = EmbeddedPostgres(folder / "data", log_file=folder / "log")
        postgres.start()
        try:
            for database in ("imported", "copied"):
                postgres.ensure_database(database)
                await migrations.up(Settings(database_url=SecretStr(postgres.url(database))))
            seconds = await seconds_of_import(postgres.url("imported"), data)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            repeat = await seconds_of_import(postgres.url("imported"), data)
            floor = await seconds_of_copy(postgres.url("imported"), postgres.url("copied"), folder)
        finally:
            postgres.stop()
    print(f"import_tmdb ratio {seconds / floor:.2f} goal {MAX_RATIO} ({seconds:.1f} s, bare COPY {floor:.1f} s)")
    print(f"import_tmdb peak_megabytes {peak:.0f} goal {MAX_MEGABYTES}")
    print(f"import_tmdb repeat_seconds {repeat:.1f}")
    return seconds / floor <= MAX_RATIO and peak <= MAX_MEGABYTES


def main() -> int:
    """Runs the measurement; returns 1 if a goal is missed and 2 if there is no data."""
    data = Path(os.environ.get("MARQUEE_DATA_DIR", "")) / "tmdb-5000"
    if not data.is_dir():
        print(f"no TMDB 5000 files: MARQUEE_DATA_DIR must name a folder with tmdb-5000/, but {data} does not exist")
        return 2
    return 0 if asyncio.run(measure(data)) else 1


if __name__ == "__main__":
    sys.exit(main())
