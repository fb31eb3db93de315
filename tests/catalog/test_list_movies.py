"""ListMovies: orders and page sizes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movie_pb2, movies_pb2

from service.api.ordering import OrderByInvalid
from service.catalog.movies.listing import ORDERS
from tests.catalogue import add_movie
from tests.client import Client, refused

List = movies_pb2.ListMoviesRequest
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
# Ties, extremes and missing values in every column, so that the id decides some places in each order.
ROWS = [
    ("b", 1.5, date(2001, 5, 5), 3),
    ("a", 0.0, None, 2),
    ("B", 1e300, date(1895, 12, 28), 2),
    ("\u6620\u753b", 1.5, date(2001, 5, 5), 1),
    ("a", 5e-324, None, 0),
    ('"quoted" \\ back', 0.1, date(9999, 12, 31), 3),
    ("x" * 500, 0.30000000000000004, None, 1),
    ("\u00c9t\u00e9", 0.3, date(1, 1, 1), 0),
]
KEYS: dict[str, Callable[[movie_pb2.Movie], object]] = {
    "popularity": lambda movie: movie.popularity,
    "release_date": lambda movie: (movie.release_date.year, movie.release_date.month, movie.release_date.day),
    "create_time": lambda movie: movie.create_time.ToDatetime(),
    "id": lambda movie: movie.id,
}


@pytest.fixture
async def movies(database: asyncpg.Connection) -> list[int]:
    return [
        await add_movie(
            database,
            title,
            popularity=popularity,
            release_date=release,
            created_at=EPOCH + timedelta(microseconds=micros),
        )
        for title, popularity, release, micros in ROWS
    ]


async def in_pages(client: Client, order_by: str, size: int) -> list[movie_pb2.Movie]:
    """Returns all movies of a list, page by page; fails if a page before the last one is not full."""
    movies: list[movie_pb2.Movie] = []
    token = ""
    while True:
        page = await client.catalog.ListMovies(List(order_by=order_by, page_size=size, page_token=token))
        movies += page.movies
        token = page.next_page_token
        if not token:
            return movies
        assert len(page.movies) == size


@pytest.mark.parametrize("key", [*KEYS, "title"])
@pytest.mark.parametrize("direction", ["", " desc"])
async def test_pages_of_any_size_make_up_the_whole_order(
    client: Client, movies: list[int], database: asyncpg.Connection, key: str, direction: str
) -> None:
    order_by = key + direction
    whole = (await client.catalog.ListMovies(List(order_by=order_by))).movies
    assert sorted(movie.id for movie in whole) == movies
    for size in (1, 2, 3, 5, len(movies)):
        assert await in_pages(client, order_by, size) == list(whole)
    if key == "title":  # the database's collation decides, not Python's
        suffix = "title DESC, id DESC" if direction else "title, id"
        rows = await database.fetch(f"SELECT id FROM movies ORDER BY {suffix}")  # noqa: S608 - one of the two above
        assert [movie.id for movie in whole] == [row["id"] for row in rows]
        return
    dated = [movie for movie in whole if key != "release_date" or movie.HasField("release_date")]
    wanted = sorted(dated, key=lambda movie: (KEYS[key](movie), movie.id), reverse=bool(direction))
    assert [movie.id for movie in dated] == [movie.id for movie in wanted]


@pytest.mark.parametrize("direction", ["", " desc"])
async def test_movies_without_a_date_come_last_in_both_directions(
    client: Client, movies: list[int], direction: str
) -> None:
    listed = await in_pages(client, "release_date" + direction, 2)
    undated = [movie.id for movie in listed if not movie.HasField("release_date")]
    assert [movie.id for movie in listed[-3:]] == undated
    assert undated == sorted(undated, reverse=bool(direction))
    assert len(listed) == len(movies)


async def test_undated_movies_alone_can_be_paged(client: Client, database: asyncpg.Connection) -> None:
    ids = [await add_movie(database) for _ in range(5)]
    assert [movie.id for movie in await in_pages(client, "release_date", 2)] == ids
    assert [movie.id for movie in await in_pages(client, "release_date desc", 2)] == ids[::-1]


async def test_the_default_order_is_the_most_popular_first(client: Client, movies: list[int]) -> None:
    default = (await client.catalog.ListMovies(List())).movies
    assert default == (await client.catalog.ListMovies(List(order_by="popularity desc"))).movies
    assert default[0].popularity == 1e300
    assert len(default) == len(movies)


async def test_an_empty_catalogue_is_an_empty_page(client: Client) -> None:
    for key in (*KEYS, "title"):
        assert await client.catalog.ListMovies(List(order_by=key)) == movies_pb2.ListMoviesResponse()


async def test_page_sizes(client: Client, database: asyncpg.Connection) -> None:
    await database.execute("INSERT INTO movies (title) SELECT 'Film ' || n FROM generate_series(1, 130) n")
    for asked, given in ((0, 20), (1, 1), (20, 20), (100, 100), (101, 100), (2**31 - 1, 100)):
        page = await client.catalog.ListMovies(List(page_size=asked))
        assert (len(page.movies), bool(page.next_page_token)) == (given, True), asked
    rest = await client.catalog.ListMovies(
        List(page_size=100, page_token=(await client.catalog.ListMovies(List(page_size=100))).next_page_token)
    )
    assert (len(rest.movies), rest.next_page_token) == (30, "")


async def test_a_full_last_page_has_no_next_page_token(client: Client, movies: list[int]) -> None:
    assert not (await client.catalog.ListMovies(List(page_size=len(movies)))).next_page_token


async def test_a_negative_size_is_refused(client: Client) -> None:
    for size in (-1, -(2**31)):
        refusal = await refused(client.catalog.ListMovies(List(page_size=size)))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
        assert refusal.fields == {"page_size": "int32.gte"}


@pytest.mark.parametrize(
    "order_by",
    [
        "ratings", "Title", "title,id", "title, popularity desc", "title desc desc", "title DESC", "desc",
        "row_version", "id; DROP TABLE movies", "title)", "created_at", "-title", "title nulls first",
    ],
)  # fmt: skip
async def test_an_order_outside_the_published_keys_is_refused(client: Client, order_by: str) -> None:
    refusal = await refused(client.catalog.ListMovies(List(order_by=order_by)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ORDER_BY_INVALID")
    assert refusal.fields == {"order_by": "order_by.published"}


def test_one_order_in_several_spellings_is_the_same() -> None:
    """Page tokens are bound to the order, so different spellings of an order must be equal."""
    assert ORDERS.parse("") == ORDERS.parse("popularity desc") == ORDERS.parse("  popularity   desc ")
    assert ORDERS.parse("title") == ORDERS.parse("title asc") != ORDERS.parse("title desc")
    with pytest.raises(OrderByInvalid):
        ORDERS.parse("title up")
