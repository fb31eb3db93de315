"""Cost of lists and reads with a million movies compared with 5,000: the same statements in two databases.

Run it with the checkout's interpreter: `python -m benchmarks.scale`; `--movies 100000` makes the larger one smaller.
The movies are generated. Both databases have the same genres, countries, languages and years, so each has 200 times as
many movies in the larger one; a person has the same number of movies in both, as in reality. The statements are the
service's own, with new parameters each time. A page of a list also needs the statement of GetMovie with 20 ids.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import SecretStr

from benchmarks.figure import MS, Figure, alternate
from service.catalog.movies.filters import MovieFilter
from service.catalog.movies.listing import ORDERS, PLAN, depends_on_values, page_query
from service.catalog.references.service import MOVIE_COUNT
from service.catalog.service import MOVIES
from service.database import migrations
from service.local.postgres import EmbeddedPostgres
from service.settings import Settings

SMALL = 5_000
LARGE = 1_000_000
GOAL = "1.5"
PAGE = 21
REPEATS = 5
STATEMENTS = 60
GENRES = 20
RARE_GENRE = GENRES + 1
"""Genre of one movie in a thousand."""
COUNTRIES = 26
FIRST_YEAR, YEARS = 1950, 74
# A person directs ten movies and plays in twenty.
MOVIES_OF_PERSON = 10
Query = tuple[str, Sequence[Any], bool]
"""A statement, its parameters, and whether it is planned for them."""

# $1 is the number of movies. The triggers are off to save time; these statements also fill their tables.
FILL = (
    "INSERT INTO genres (id, name) SELECT n, 'Genre ' || n FROM generate_series(1, 21) AS n",
    """
    INSERT INTO countries (id, name, iso_3166_1)
    SELECT n, 'Country ' || n, 'C' || chr(64 + n) FROM generate_series(1, 26) AS n
    """,
    "INSERT INTO persons (id, first_name) SELECT n, 'Person ' || n FROM generate_series(1, $1::int / 10) AS n",
    "INSERT INTO characters (id, name) SELECT n, 'Character ' || n FROM generate_series(1, $1::int / 10) AS n",
    """
    INSERT INTO movies
        (id, title, popularity, vote_average, vote_count, release_date, revenue, budget, duration, status, poster_path,
        director_id, country_id, original_language, created_at, updated_at)
    SELECT n, 'Film ' || md5(n::text), mixed % 100000 / 100.0, mixed % 101 / 10.1, mixed % 5000,
        date '1950-01-01' + mixed % 27000, CASE WHEN n % 3 = 0 THEN mixed END, CASE WHEN n % 4 = 0 THEN mixed END,
        40 + mixed / 128 % 140, CASE WHEN n % 50 = 0 THEN 'planned' ELSE 'released' END,
        CASE WHEN n % 5 > 0 THEN '/poster.jpg' END, mixed % greatest($1::int / 10, 1) + 1, mixed % 26 + 1,
        CASE WHEN n % 1000 = 0 THEN 'is' ELSE (ARRAY['en', 'fr', 'de', 'ja'])[1 + mixed % 4] END,
        timestamptz '2020-01-01Z' + n * interval '1 minute', timestamptz '2020-01-01Z' + n * interval '1 minute'
    FROM (SELECT n, hashint4(n) & 2147483647 AS mixed FROM generate_series(1, $1::int) AS n) AS numbered
    """,
    """
    INSERT INTO movie_genres (movie_id, genre_id, popularity, vote_average, release_date, release_year)
    SELECT id, 1 + (id * k + id / 20) % 20, popularity, vote_average, release_date, extract(year FROM release_date)
    FROM movies, generate_series(1, 2) AS k ON CONFLICT DO NOTHING
    """,
    # A rare genre in addition to the common ones, and a person with 500 movies.
    """
    INSERT INTO movie_genres (movie_id, genre_id, popularity, vote_average, release_date, release_year)
    SELECT id, 21, popularity, vote_average, release_date, extract(year FROM release_date)
    FROM movies WHERE id % 1000 = 1
    """,
    """
    INSERT INTO movie_characters (movie_id, character_id, person_id)
    SELECT n * ($1::int / 500), 1, 1 FROM generate_series(1, 500) AS n
    """,
    """
    INSERT INTO movie_characters (movie_id, character_id, person_id)
    SELECT n, 1 + (hashint4(n + k) & 2147483647) % ($1::int / 10), 1 + (hashint4(n - k) & 2147483647) % ($1::int / 10)
    FROM generate_series(1, $1::int) AS n, generate_series(1, 2) AS k
    """,
    """
    INSERT INTO movie_stats (movie_id, rating_count, rating_sum, rating_1, rating_5)
    SELECT n, n % 9 + 1, n % 9 + 5, n % 9, 1 FROM generate_series(1, $1::int) AS n WHERE n % 2 = 0
    """,
    "INSERT INTO genre_counts (genre_id, movies) SELECT genre_id, count(*) FROM movie_genres GROUP BY 1",
)


@dataclass(frozen=True)
class Database:
    """A connection to a catalogue, and its size."""

    connection: asyncpg.Connection[Any]
    movies: int


@dataclass(frozen=True)
class Case:
    """Statements of one kind. `make` takes a random generator and the number of movies and returns one."""

    name: str
    make: Callable[[random.Random, int], Query]


def cases() -> Iterator[Case]:
    """Yields all cases."""
    yield Case("get a movie", lambda chance, movies: (MOVIES, [[chance.randint(1, movies)]], False))
    yield Case("get a page's movies", lambda chance, movies: (MOVIES, [chance.sample(range(1, movies + 1), 20)], False))
    genres = f"SELECT id, {MOVIE_COUNT} FROM genres ORDER BY name"  # noqa: S608 - a column of the service's own
    yield Case("list genres", lambda *_: (genres, [], False))
    for key in ORDERS.keys:
        for order_by in (key, f"{key} desc"):
            yield _listed(f"order by {order_by}", order_by, lambda *_: MovieFilter())
    filters: dict[str, Callable[[random.Random, int], MovieFilter]] = {
        "genre": lambda chance, _: MovieFilter(genre_ids_any=(chance.randint(1, GENRES),)),
        "two genres": lambda chance, _: MovieFilter(genre_ids_any=tuple(chance.sample(range(1, GENRES + 1), 2))),
        "genre and year": lambda chance, _: MovieFilter(genre_ids_any=(chance.randint(1, GENRES),), year=_year(chance)),
        "year": lambda chance, _: MovieFilter(year=_year(chance)),
        "country": lambda chance, _: MovieFilter(country=f"C{chr(64 + chance.randint(1, COUNTRIES))}"),
        "language": lambda chance, _: MovieFilter(language=chance.choice(("en", "fr", "de", "ja"))),
        "director": lambda chance, movies: MovieFilter(director_id=_person(chance, movies)),
        "person": lambda chance, movies: MovieFilter(person_id=_person(chance, movies)),
        "character": lambda chance, movies: MovieFilter(character_id=_person(chance, movies)),
        "vote average": lambda chance, _: MovieFilter(vote_average_min=chance.randint(3, 8)),
        "vote count": lambda chance, _: MovieFilter(vote_count_min=chance.randint(100, 4000)),
        "rare genre": lambda *_: MovieFilter(genre_ids_any=(RARE_GENRE,)),
        "language of few": lambda *_: MovieFilter(language="is"),
        "nothing": lambda chance, _: MovieFilter(genre_ids_any=(chance.randint(1, GENRES),), duration_min=500),
    }
    for name, make in filters.items():
        yield _listed(f"list by {name}", "", make)
    ordered = {
        "genre": ("release_date", "vote_average", "title"),
        "rare genre": ("release_date", "vote_average"),
        "genre and year": ("release_date",),
        "year": ("release_date", "vote_average"),
    }
    for name, keys in ordered.items():
        for key in keys:
            yield _listed(f"list by {name}, {key} desc", f"{key} desc", filters[name])


def _listed(name: str, order_by: str, make: Callable[[random.Random, int], MovieFilter]) -> Case:
    def query(chance: random.Random, movies: int) -> Query:
        conditions, order = make(chance, movies).conditions, ORDERS.parse(order_by)
        statement, values = page_query(conditions, order, after=None, limit=PAGE)
        return statement, values, depends_on_values(conditions, order)

    return Case(name, query)


def _year(chance: random.Random) -> int:
    return chance.randrange(FIRST_YEAR, FIRST_YEAR + YEARS - 1)


def _person(chance: random.Random, movies: int) -> int:
    return chance.randint(1, movies // MOVIES_OF_PERSON)


def main() -> None:
    """Fills the databases, measures each case and prints one line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--movies", type=int, default=LARGE, help="number of movies in the larger database")
    movies = parser.parse_args().movies
    with tempfile.TemporaryDirectory() as name:
        parameters = {"fsync": "off", "shared_buffers": "1GB", "max_wal_size": "4GB"}
        postgres = EmbeddedPostgres(Path(name) / "data", log_file=Path(name) / "log", parameters=parameters)
        postgres.start()
        try:
            with asyncio.Runner() as runner:
                small, large = (runner.run(filled_database(postgres, count)) for count in (SMALL, movies))
                for case in cases():
                    print(line(measure_case(runner, case, small, large)), flush=True)
        finally:
            postgres.stop()


async def filled_database(postgres: EmbeddedPostgres, movies: int) -> Database:
    """Returns a migrated database with `movies` movies."""
    name = f"movies_{movies}"
    postgres.ensure_database(name)
    await migrations.up(Settings(database_url=SecretStr(postgres.url(name))))
    connection = await asyncpg.connect(postgres.url(name))
    began = time.perf_counter()
    await connection.execute("SET session_replication_role = replica")
    for statement in FILL:
        await connection.execute(statement, *([movies] if "$1" in statement else []))
    await connection.execute("RESET session_replication_role")
    await connection.execute("VACUUM ANALYZE")
    print(f"{movies} movies: filled in {time.perf_counter() - began:.0f} s", flush=True)
    return Database(connection, movies)


def measure_case(runner: asyncio.Runner, case: Case, small: Database, large: Database) -> Figure:
    """Returns the median time of a case in the large database compared with the small one."""
    one, other = (partial(_median, runner, case, database) for database in (large, small))
    for warm in (one, other):
        warm()
    return Figure(case.name, alternate(one, other, repeats=REPEATS), "ms", goal=GOAL)


def _median(runner: asyncio.Runner, case: Case, database: Database) -> float:
    return runner.run(_ask(case, database))


async def _ask(case: Case, database: Database) -> float:
    chance = random.Random(database.movies)  # noqa: S311 - the same values each time
    milliseconds = []
    for _ in range(STATEMENTS):
        statement, values, is_planned = case.make(chance, database.movies)
        began = time.perf_counter()
        if is_planned:
            async with database.connection.transaction():
                await database.connection.fetch(PLAN)
                await database.connection.fetch(statement, *values)
        else:
            await database.connection.fetch(statement, *values)
        milliseconds.append((time.perf_counter() - began) * MS)
    return statistics.median(milliseconds)


def line(figure: Figure) -> str:
    """Returns one line: name, ratio, goal and both times."""
    return f"{figure.name:<42}{figure.ratio:>8}  goal {figure.goal}  ({figure.numbers})"


if __name__ == "__main__":
    main()
