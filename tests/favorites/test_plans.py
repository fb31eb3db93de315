"""Query plans of users' lists: a page reads only its owner's rows, in index order where they can be many."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from service.favorites.interactions import STATES
from service.favorites.listing import (
    EVERYTHING,
    FAVORITES,
    RATINGS,
    REVIEWS,
    WATCHLIST,
    ListFilter,
    UserList,
    page_query,
)

MOVIES = 1000
USERS = 2000
FILL = (
    """
    INSERT INTO users (id, username, email_encrypted, email_hash, password_hash)
    SELECT n, 'user' || n, '', sha256(n::text::bytea), '' FROM generate_series(1, $1::int) AS n
    """,
    "INSERT INTO movies (id, title, popularity) SELECT n, md5(n::text), n FROM generate_series(1, $2::int) AS n",
    """
    INSERT INTO favorite_movies (user_id, movie_id)
    SELECT u, m FROM generate_series(1, $2::int) AS m, generate_series(1, 60) AS u WHERE u < 3 OR (m + u) % 40 = 0
    """,
    "INSERT INTO watchlist_items (user_id, movie_id) SELECT user_id, movie_id FROM favorite_movies ORDER BY id",
    """
    INSERT INTO movie_ratings (user_id, movie_id, rating, review)
    SELECT u, m, 1 + (u + m) % 5, CASE WHEN u % 20 = 0 THEN 'x' ELSE '' END
    FROM generate_series(1, $2::int) AS m, generate_series(1, 60) AS u WHERE m <> 7 AND (u < 3 OR (m + u) % 40 = 0)
    """,
    """
    INSERT INTO movie_ratings (user_id, movie_id, rating, review)
    SELECT n, 7, 1 + n % 5, CASE WHEN n % 2 = 0 THEN 'x' ELSE '' END FROM generate_series(1, $1::int) AS n
    """,
)
OWN = {
    "favorite_movies": "ix_favorite_movies_user",
    "watchlist_items": "ix_watchlist_items_user",
    "movie_ratings": "ix_movie_ratings_user",
}


@pytest.fixture
async def filled(database: asyncpg.Connection) -> asyncpg.Connection:
    for statement in FILL:
        values = [value for place, value in (("$1", USERS), ("$2", MOVIES)) if place in statement]
        await database.execute(statement if "$1" in statement else statement.replace("$2", "$1"), *values)
    await database.execute("VACUUM ANALYZE")
    return database


class Plan:
    """The plan with which PostgreSQL ran a statement."""

    def __init__(self, root: dict[str, Any]) -> None:
        nodes = list(_nodes(root))
        self.types = {node["Node Type"] for node in nodes}
        self.indexes = {node["Index Name"] for node in nodes if "Index Name" in node}
        self.scanned = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
        self.buffers: int = root["Shared Hit Blocks"] + root["Shared Read Blocks"]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


async def plan(
    database: asyncpg.Connection,
    listed: UserList,
    owner_id: int,
    order_by: str = "",
    *,
    wanted: ListFilter = EVERYTHING,
    after: Any = None,
) -> Plan:
    """Runs the statement of a page and returns its plan."""
    order = listed.orders.parse(order_by)
    statement, values = page_query(listed, owner_id, wanted, order, after=after, limit=21)
    answer = await database.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *values)
    return Plan(json.loads(answer)[0]["Plan"])


async def test_a_list_reads_only_the_rows_of_its_user_the_newest_in_index_order(filled: asyncpg.Connection) -> None:
    for listed in (FAVORITES, WATCHLIST, RATINGS):
        for order_by in ("", "create_time"):
            page = await plan(filled, listed, 1, order_by)
            assert OWN[listed.table] in page.indexes
            assert not page.types & {"Sort", "Seq Scan"}
        last = await filled.fetchval(f"SELECT min(id) + 50 FROM {listed.table} WHERE user_id = 1")  # noqa: S608 - from the tests
        late = await plan(filled, listed, 1, after=[last])
        assert late.buffers <= (await plan(filled, listed, 1)).buffers + 5
    # The other orders, with filters.
    for listed in (FAVORITES, WATCHLIST, RATINGS):
        for key in listed.orders.keys:
            for wanted in (EVERYTHING, ListFilter(genre_ids_any=(1,)), ListFilter(year=1999)):
                page = await plan(filled, listed, 50, key, wanted=wanted)
                assert not page.scanned & OWN.keys(), (listed.rpc, key)


async def test_reviews_and_states_are_read_from_their_indexes(filled: asyncpg.Connection) -> None:
    for order_by, index in (
        ("", "ix_movie_ratings_reviews"),
        ("create_time", "ix_movie_ratings_reviews"),
        ("rating desc", "ix_movie_ratings_reviews_by_rating"),
        ("rating", "ix_movie_ratings_reviews_by_rating"),
    ):
        page = await plan(filled, REVIEWS, 7, order_by)
        assert index in page.indexes
        assert "Sort" not in page.types
    # The caller's states of movies.
    answer = await filled.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {STATES}", [50] * 100, list(range(1, 101)))
    states = Plan(json.loads(answer)[0]["Plan"])
    assert not states.scanned
