"""Every order of ListMovies, both ways: ties, missing values, any page size, rows that are inserted while paging."""

from __future__ import annotations

import random
from typing import Any

import asyncpg
import pytest
from marquee.catalog.v1 import movies_pb2

from tests.catalogue import add_genre
from tests.client import Client

List = movies_pb2.ListMoviesRequest
COLUMNS = {
    "popularity": "m.popularity",
    "vote_average": "m.vote_average",
    "rating": "s.rating_average",
    "release_date": "m.release_date",
    "title": "m.title",
    "create_time": "m.created_at",
    "update_time": "m.updated_at",
    "revenue": "m.revenue",
    "id": "m.id",
}
NULLABLE = ("rating", "release_date", "revenue")
# Few different values, so that each order has ties; a third of each nullable column is NULL.
FILL = """
WITH added AS (
    INSERT INTO movies (title, popularity, vote_average, release_date, revenue, created_at, updated_at)
    SELECT
        'Film ' || n % 5, n % 4 + 0.1, n % 6 / 2.0, CASE WHEN n % 3 > 0 THEN date '2000-01-01' + n % 4 END,
        CASE WHEN n % 3 <> 1 THEN n % 4 * 1000000000000.25 END, timestamptz '2020-01-01Z' + n % 5 * interval '1 us',
        timestamptz '2021-01-01Z' - n % 3 * interval '1 us'
    FROM generate_series(1, $1) AS n RETURNING id
)
INSERT INTO movie_stats (movie_id, rating_count, rating_sum, rating_3, rating_4)
SELECT id, id % 3 * 3, id % 3 * 10, id % 3 * 2, id % 3 FROM added WHERE id % 4 > 0
"""


async def in_pages(client: Client, request: movies_pb2.ListMoviesRequest, size: int) -> list[int]:
    """Returns the ids of a whole list, page by page; fails if a page before the last one is not full."""
    ids: list[int] = []
    request.page_size, request.page_token = size, ""
    while True:
        page = await client.catalog.ListMovies(request)
        ids += [movie.id for movie in page.movies]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            return ids
        assert len(page.movies) == size


async def expected(database: asyncpg.Connection, order_by: str, where: str = "true") -> list[int]:
    """Returns the ids in an order, sorted by PostgreSQL from the whole table."""
    key, _, direction = order_by.partition(" ")
    rows = await database.fetch(
        f"SELECT m.id FROM movies AS m LEFT JOIN movie_stats AS s ON s.movie_id = m.id WHERE {where}"  # noqa: S608 - ours
        f" ORDER BY {COLUMNS[key]} {direction} NULLS LAST, m.id {direction}"
    )
    return [row["id"] for row in rows]


@pytest.mark.parametrize("key", COLUMNS)
@pytest.mark.parametrize("direction", ["", " desc"])
async def test_pages_of_any_size_make_up_the_whole_order(
    client: Client, database: asyncpg.Connection, key: str, direction: str
) -> None:
    await database.execute(FILL, 36)
    order_by = key + direction
    whole = await expected(database, order_by)
    assert len(whole) == 36
    for size in (1, 5, 12, 35, 36, 37):
        assert await in_pages(client, List(order_by=order_by), size) == whole, size


@pytest.mark.parametrize("key", COLUMNS)
@pytest.mark.parametrize("direction", ["", " desc"])
async def test_a_filter_does_not_change_the_order_of_the_other_movies(
    client: Client, database: asyncpg.Connection, key: str, direction: str
) -> None:
    await database.execute(FILL, 36)
    third = [row["id"] for row in await database.fetch("SELECT id FROM movies WHERE id % 3 = 0")]
    genre = await add_genre(database, "Third", *third)
    order_by = key + direction
    cases: dict[str, dict[str, Any]] = {
        "m.id % 3 = 0": {"genre_ids_any": [genre]},
        "m.id % 3 = 0 AND m.vote_average >= 1": {"filter": "genre:third AND vote_average >= 1"},
        "m.vote_average >= 1": {"vote_average_min": 1},
        "m.id % 3 <> 0 AND rating_average >= 3": {"genre_ids_none": [genre], "rating_min": 3},
        "m.release_date IS NULL": {"filter": "NOT year >= 1"},
    }
    for where, filters in cases.items():
        wanted = await expected(database, order_by, where)
        assert wanted, where
        for size in (1, 4, 36):
            assert await in_pages(client, List(order_by=order_by, **filters), size) == wanted, (where, size)


@pytest.mark.parametrize("order_by", [*NULLABLE, *(f"{key} desc" for key in NULLABLE), "vote_average", "update_time"])
async def test_nothing_is_lost_or_repeated_while_rows_change(
    client: Client, database: asyncpg.Connection, order_by: str
) -> None:
    chance = random.Random(order_by)  # noqa: S311 - the same changes each time
    await database.execute(FILL, 60)
    stayed = set(await expected(database, "id"))
    seen: list[int] = []
    request = List(order_by=order_by, page_size=7)
    while True:
        page = await client.catalog.ListMovies(request)
        seen += [movie.id for movie in page.movies]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
        gone = {*chance.sample(sorted(stayed), 3), page.movies[-1].id}  # also the row of the token
        await database.execute("DELETE FROM movies WHERE id = ANY($1)", sorted(gone))
        stayed -= gone
        await database.execute(FILL, 5)
    assert len(seen) == len(set(seen)), "repeated"
    assert stayed <= set(seen), "lost"


async def test_every_order_is_correct_within_a_genre_or_year(client: Client, database: asyncpg.Connection) -> None:
    await database.execute(FILL, 40)
    ids = [row["id"] for row in await database.fetch("SELECT id FROM movies ORDER BY id")]
    genre = await add_genre(database, "Drama", *ids[::2])
    other = await add_genre(database, "War", *ids[::3])
    of_genre = f"EXISTS (SELECT FROM movie_genres AS g WHERE g.movie_id = m.id AND g.genre_id = {genre:d})"
    of_other = f"EXISTS (SELECT FROM movie_genres AS g WHERE g.movie_id = m.id AND g.genre_id = {other:d})"
    of_year = "extract(year FROM m.release_date) = 2000"
    asked: list[tuple[dict[str, Any], str]] = [
        ({"genre_ids_any": [genre]}, of_genre),
        ({"genre_ids_any": [genre], "year": 2000}, f"{of_genre} AND {of_year}"),
        ({"genre_ids_all": [genre, other]}, f"{of_genre} AND {of_other}"),
        ({"year": 2000}, of_year),
    ]
    for key in ("vote_average", "release_date", "rating", "title"):
        for filters, where in asked:
            request = List(order_by=f"{key} desc", **filters)
            assert await in_pages(client, request, 7) == await expected(database, f"{key} desc", where), request
