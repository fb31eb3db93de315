"""Query plans of ListMovies and ListPersons: each order and each common filter reads only its index."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from marquee.catalog.v1 import movies_pb2

from service.catalog.movies.filters import MovieFilter
from service.catalog.movies.listing import ORDERS, PLAN, depends_on_values, page_query
from service.catalog.people import listing
from service.catalog.people.listing import PersonFilter
from tests.client import Client
from tests.conftest import NewDatabase
from tests.queries import QueryCount

COUNT = 5000
FILL = (
    "INSERT INTO genres (id, name) SELECT n, 'Genre ' || n FROM generate_series(1, 20) AS n",
    """
    INSERT INTO countries (id, name, iso_3166_1)
    SELECT n, 'Country ' || n, 'C' || chr(64 + n) FROM generate_series(1, 26) AS n
    """,
    """
    INSERT INTO persons (id, first_name, last_name, country_id, date_of_birth)
    SELECT n, 'Person', md5(n::text), n % 26 + 1, date '1920-01-01' + n * 13 FROM generate_series(1, 1000) AS n
    """,
    "INSERT INTO characters (id, name) SELECT n, 'Character ' || n FROM generate_series(1, 1000) AS n",
    """
    INSERT INTO movies
        (id, title, popularity, vote_average, release_date, revenue, director_id, original_language, country_id,
        created_at)
    SELECT n, 'Film ' || md5(n::text), n * 7919 % 5003 / 10.0, n % 101 / 10.1,
        CASE WHEN n % 20 > 0 THEN date '1950-01-01' + n * 31 % 27000 END, CASE WHEN n % 3 = 0 THEN n END, n % 1000 + 1,
        (ARRAY['en', 'fr', 'de', 'ja'])[1 + n % 4], n % 26 + 1,
        timestamptz '2020-01-01Z' + n * interval '1 minute'
    FROM generate_series(1, $1) AS n
    """,
    """
    INSERT INTO movie_genres (movie_id, genre_id)
    SELECT n, 1 + n * k % 20 FROM generate_series(1, $1) AS n, generate_series(1, 2) AS k ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO movie_characters (movie_id, character_id, person_id)
    SELECT n, 1 + n * 7 % 1000, 1 + n * 3 % 1000 FROM generate_series(1, $1) AS n
    """,
    """
    INSERT INTO movie_stats (movie_id, rating_count, rating_sum, rating_1, rating_5)
    SELECT n, n % 9 + 1, n % 9 + 5, n % 9, 1 FROM generate_series(1, $1) AS n WHERE n % 2 = 0
    """,
)
INDEXES = {
    "popularity": "ix_movies_popularity",
    "vote_average": "ix_movies_vote_average",
    "rating": "ix_movie_stats_rating",
    "release_date": "ix_movies_release_date",
    "title": "ix_movies_title",
    "create_time": "ix_movies_created",
    "update_time": "ix_movies_updated",
    "revenue": "ix_movies_revenue",
    "id": "movies_pkey",
}
PEOPLE_INDEXES = {
    "name": "idx_persons_last_na_222ef4",
    "date_of_birth": "ix_persons_born",
    "date_of_birth desc": "ix_persons_born_desc",
    "create_time": "ix_persons_created",
    "update_time desc": "ix_persons_updated",
    "id": "persons_pkey",
}


@pytest.fixture(scope="module")
async def filled(new_database: NewDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A database that is filled once; the tests do not write."""
    async with new_database() as url:
        database = await asyncpg.connect(url)
        for statement in FILL:
            await database.execute(statement, *([COUNT] if "$1" in statement else []))
        await database.execute("VACUUM ANALYZE")
        await database.execute("SET default_transaction_read_only = on")
        yield database
        await database.close()


class Plan:
    """The plan of a statement, as PostgreSQL ran it."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.nodes = list(_nodes(root))
        self.types = {node["Node Type"] for node in self.nodes}
        self.indexes = {node["Index Name"] for node in self.nodes if "Index Name" in node}
        self.scanned = {node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan"}
        self.buffers: int = root["Shared Hit Blocks"] + root["Shared Read Blocks"]
        self.rows: int = root["Actual Rows"]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


async def plan(
    database: asyncpg.Connection, wanted: MovieFilter, order_by: str = "", *, after: Any = None, nulls: bool = False
) -> Plan:
    """Runs the statement of a page and returns its plan."""
    statement, values = page_query(wanted.conditions, ORDERS.parse(order_by), after=after, limit=21, nulls=nulls)
    return await explained(database, statement, values)


async def explained(database: asyncpg.Connection, statement: str, values: list[Any]) -> Plan:
    answer = await database.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *values)
    return Plan(json.loads(answer)[0]["Plan"])


async def test_every_order_reads_one_page_of_its_index(filled: asyncpg.Connection) -> None:
    assert INDEXES.keys() == ORDERS.keys.keys()
    for key, index in INDEXES.items():
        for order_by in (key, f"{key} desc"):
            page = await plan(filled, MovieFilter(), order_by)
            assert (page.indexes, page.types & {"Sort", "Seq Scan"}) == ({index}, set()), order_by
            assert page.rows == 21


@pytest.mark.parametrize("key", [name for name, key in ORDERS.keys.items() if key.nullable])
async def test_movies_without_a_value_are_read_in_index_order(filled: asyncpg.Connection, key: str) -> None:
    for order_by in (key, f"{key} desc"):
        for after in (None, [None, COUNT // 2]):
            page = await plan(filled, MovieFilter(), order_by, after=after, nulls=True)
            expected = {"movies_pkey", "movie_stats_pkey"} if key == "rating" else {INDEXES[key]}
            assert (page.indexes, page.types & {"Sort", "Seq Scan"}) == (expected, set()), order_by


@pytest.mark.parametrize(
    ("wanted", "indexes"),
    [
        (MovieFilter(genre_ids_any=(7,)), {"ix_movie_genres_popularity"}),
        (MovieFilter(genre_ids_all=(7,)), {"ix_movie_genres_popularity"}),
        (MovieFilter(text="genre_id = 7"), {"ix_movie_genres_popularity"}),
        (MovieFilter(language="ja"), {"ix_movies_language"}),
    ],
)
async def test_popular_movies_of_a_genre_or_language_are_read_only_from_its_index(
    filled: asyncpg.Connection, wanted: MovieFilter, indexes: set[str]
) -> None:
    for order_by in ("popularity desc", "popularity"):
        page = await plan(filled, wanted, order_by)
        assert (page.indexes, page.types) == (indexes, {"Limit", "Index Only Scan"})


@pytest.mark.parametrize("key", ["vote_average", "release_date"])
async def test_a_genre_by_votes_or_date_is_read_only_from_its_index(filled: asyncpg.Connection, key: str) -> None:
    for order_by in (key, f"{key} desc"):
        page = await plan(filled, MovieFilter(genre_ids_any=(7,)), order_by)
        assert (page.indexes, page.types) == ({f"ix_movie_genres_{key}"}, {"Limit", "Index Only Scan"})


async def test_a_year_by_votes_is_read_from_its_index(filled: asyncpg.Connection) -> None:
    page = await plan(filled, MovieFilter(year=1999), "vote_average desc")
    assert page.indexes == {"ix_movies_year_vote_average"}
    assert not page.types & {"Sort", "Seq Scan"}


@pytest.mark.parametrize(
    ("wanted", "order_by", "expected"),
    [
        (MovieFilter(), "title", False),
        (MovieFilter(genre_ids_any=(7,)), "vote_average desc", False),
        (MovieFilter(genre_ids_any=(7,)), "title", True),
        (MovieFilter(genre_ids_any=(7,), year=1999), "release_date", False),
        (MovieFilter(genre_ids_any=(7,), year=1999), "title", True),
        (MovieFilter(year=1999), "release_date", False),
        (MovieFilter(year=1999), "title", True),
        (MovieFilter(language="ja"), "", False),
        (MovieFilter(language="ja"), "vote_average", True),
        (MovieFilter(language="ja", genre_ids_any=(7,)), "", True),
        (MovieFilter(director_id=7, duration_min=500), "title", False),
        (MovieFilter(duration_min=500), "", True),
    ],
)
def test_a_page_is_planned_for_its_values_when_no_index_has_it_in_order(
    wanted: MovieFilter, order_by: str, *, expected: bool
) -> None:
    assert depends_on_values(wanted.conditions, ORDERS.parse(order_by)) is expected


async def test_a_rare_value_is_looked_up_in_its_own_index(filled: asyncpg.Connection) -> None:
    async with filled.transaction():
        await filled.execute(PLAN)
        page = await plan(filled, MovieFilter(duration_min=500))
    assert "ix_movies_duration" in page.indexes
    assert page.buffers < 20


@pytest.mark.parametrize("wanted", [MovieFilter(country="ZZ"), MovieFilter(text="genre:nothing")])
async def test_an_unknown_name_is_looked_up_before_the_page_is_planned(
    client: Client, queries: QueryCount, wanted: MovieFilter
) -> None:
    await client.catalog.ListMovies(movies_pb2.ListMoviesRequest())  # opens the pool
    request = movies_pb2.ListMoviesRequest(country=wanted.country or "", filter=wanted.text, order_by="title")
    with queries.counted() as counted:
        assert not (await client.catalog.ListMovies(request)).movies
    # Settings, name, page: PostgreSQL cannot estimate the number of movies for a name.
    assert counted.total == 3


async def test_a_genre_filter_by_name_has_the_same_plan_as_by_id(filled: asyncpg.Connection) -> None:
    page = await plan(filled, MovieFilter(text='genre:"genre 7"'))
    assert "ix_movie_genres_popularity" in page.indexes
    assert not page.types & {"Sort", "Bitmap Heap Scan"}


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (MovieFilter(person_id=7), "ix_movie_characters_person"),
        (MovieFilter(person_id=7), "ix_movies_director"),
        (MovieFilter(director_id=7), "ix_movies_director"),
        (MovieFilter(genre_ids_any=(7,), year=1999), "ix_movie_genres_year"),
        (MovieFilter(text="year = 1999 AND genre_id = 7"), "ix_movie_genres_year"),
        (MovieFilter(character_id=8), "ix_movie_characters_character"),
        (MovieFilter(year=1999), "ix_movies_year"),
        (MovieFilter(text="year = 1999"), "ix_movies_year"),
        (MovieFilter(country="CG"), "ix_movies_country"),
        (MovieFilter(text='title:"a1b2c3"'), "ix_movies_title_parts"),
        (MovieFilter(text="id = 5"), "movies_pkey"),
        (MovieFilter(text='imdb_id = "tt0000001"'), "movies_imdb_id_key"),
    ],
)
async def test_a_narrow_filter_reads_its_index_and_scans_no_table(
    filled: asyncpg.Connection, wanted: MovieFilter, index: str
) -> None:
    page = await plan(filled, wanted)
    assert index in page.indexes
    # Countries fill only one or two pages.
    assert page.scanned <= {"countries"}


@pytest.mark.parametrize(
    "wanted",
    [
        MovieFilter(vote_average_min=8.0),
        MovieFilter(rating_min=Decimal(3)),
        MovieFilter(text="rating_count > 2"),
        MovieFilter(text="year > 1960"),
    ],
)
async def test_a_wide_filter_reads_only_the_needed_part_of_the_order(
    filled: asyncpg.Connection, wanted: MovieFilter
) -> None:
    page = await plan(filled, wanted)
    assert "ix_movies_popularity" in page.indexes
    assert not page.types & {"Sort", "Seq Scan"}
    assert page.rows == 21


async def test_a_page_of_people_is_read_from_its_index(filled: asyncpg.Connection) -> None:
    everybody, some = PersonFilter(), PersonFilter(country_id=7)
    cases = [(everybody, order_by, index) for order_by, index in PEOPLE_INDEXES.items()]
    cases += [(some, order_by, "ix_persons_country") for order_by in ("name", "name desc")]
    for wanted, order_by, index in cases:
        statement, values = listing.page_query(wanted, listing.ORDERS.parse(order_by), after=None, limit=21)
        page = await explained(filled, statement, values)
        assert (page.indexes, page.types & {"Sort", "Seq Scan"}) == ({index}, set()), order_by
        assert page.rows == 21


async def test_a_late_page_reads_as_little_as_the_first(filled: asyncpg.Connection) -> None:
    query = "SELECT popularity, id FROM movies ORDER BY 1 DESC, 2 DESC OFFSET $1 LIMIT 1"
    late = await filled.fetchrow(query, COUNT - 99)
    assert late is not None
    first, last = await plan(filled, MovieFilter()), await plan(filled, MovieFilter(), after=list(late))
    assert first.rows == last.rows == 21
    assert last.buffers <= first.buffers + 5
    unrated = [await plan(filled, MovieFilter(), "rating", after=[None, at], nulls=True) for at in (1, COUNT - 99)]
    assert unrated[1].buffers <= unrated[0].buffers + 5
