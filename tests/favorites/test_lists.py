"""Filters, orders and pages of a user's lists."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from marquee.favorites.v1 import favorites_pb2, rating_pb2, watchlist_pb2

from service.favorites.listing import LIST_ORDERS
from tests.catalogue import add_genre, add_movie
from tests.client import Client, refused

RELEASED = (date(1999, 3, 31), date(1954, 4, 26), None, date(1999, 12, 31), date(2020, 1, 1), None)
TITLES = ("Delta", "alpha", "Echo", "Bravo", "Alpha", "Charlie")
POPULARITY = (3.0, 1.5, 3.0, 0.0, 9.25, 1.5)
STARS = (3, 5, 1, 3, 2, 5)


@pytest.fixture
async def user(client: Client, database: asyncpg.Connection) -> Client:
    """A user whose lists all have the movies 1 to 6, added in this order, one day apart."""
    user, other = await client.registered(), await client.registered()
    for number, title in enumerate(TITLES):
        await add_movie(database, title, release_date=RELEASED[number], popularity=POPULARITY[number])
        for each in (other.user_id, user.user_id):
            values = [each, number + 1, datetime(2026, 1, number + 1, tzinfo=UTC)]
            for table in ("favorite_movies", "watchlist_items"):
                insert = f"INSERT INTO {table} (user_id, movie_id, created_at) VALUES ($1, $2, $3)"  # noqa: S608 - the tests' own names
                await database.execute(insert, *values)
            insert = "INSERT INTO movie_ratings (user_id, movie_id, created_at, rating) VALUES ($1, $2, $3, $4)"
            await database.execute(insert, *values, STARS[number] if each == user.user_id else 4)
    await add_genre(database, "Drama", 1, 3, 5)
    await add_genre(database, "Noir", 5, 6)
    return user


async def favorites(user: Client, **asked: Any) -> tuple[list[int], str]:
    page = await user.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest(**asked))
    return [each.movie.id for each in page.favorites], page.next_page_token


async def watchlist(user: Client, **asked: Any) -> tuple[list[int], str]:
    page = await user.favorites.ListWatchlist(watchlist_pb2.ListWatchlistRequest(**asked))
    return [each.movie.id for each in page.items], page.next_page_token


async def ratings(user: Client, **asked: Any) -> tuple[list[int], str]:
    page = await user.favorites.ListRatings(rating_pb2.ListRatingsRequest(**asked))
    assert [each.movie.id for each in page.ratings] == [each.movie_id for each in page.ratings]
    return [each.movie_id for each in page.ratings], page.next_page_token


LISTS = (favorites, watchlist, ratings)
EXPECTED = {
    "": [6, 5, 4, 3, 2, 1],
    "create_time": [1, 2, 3, 4, 5, 6],
    "popularity": [4, 2, 6, 1, 3, 5],
    "popularity desc": [5, 3, 1, 6, 2, 4],
    "release_date": [2, 1, 4, 5, 3, 6],
    "release_date desc": [5, 4, 1, 2, 6, 3],
    "my_rating": [3, 5, 1, 4, 2, 6],
    "my_rating desc": [6, 2, 4, 1, 5, 3],
}


@pytest.mark.parametrize("listed", LISTS)
async def test_every_order_is_the_same_across_pages(
    user: Client, database: asyncpg.Connection, listed: Callable[..., Any]
) -> None:
    by_title = [row["id"] for row in await database.fetch("SELECT id FROM movies ORDER BY title, id")]
    orders = EXPECTED | {"title": by_title, "title desc": by_title[::-1]}
    assert {order.split()[0] for order in orders if order} == set(LIST_ORDERS.keys)
    for order_by, expected in orders.items():
        for size in (1, 4):
            paged: list[int] = []
            token = ""
            while not paged or token:
                page, token = await listed(user, order_by=order_by, page_size=size, page_token=token)
                paged += page
            assert paged == expected, (order_by, size)


async def test_unrated_movies_come_last_in_both_directions(user: Client, database: asyncpg.Connection) -> None:
    await database.execute("DELETE FROM movie_ratings WHERE movie_id IN (2, 4)")
    assert (await favorites(user, order_by="my_rating"))[0] == [3, 5, 1, 6, 2, 4]
    assert (await favorites(user, order_by="my_rating desc"))[0] == [6, 1, 5, 3, 4, 2]


def day(number: int) -> Timestamp:
    """Returns the beginning of a day of January 2026."""
    moment = Timestamp()
    moment.FromDatetime(datetime(2026, 1, number, tzinfo=UTC))
    return moment


@pytest.mark.parametrize("listed", LISTS)
async def test_filters_are_combined(user: Client, listed: Callable[..., Any]) -> None:
    for asked, expected in (
        ({"genre_ids_any": [1]}, [5, 3, 1]),
        ({"genre_ids_any": [2, 1]}, [6, 5, 3, 1]),
        ({"genre_ids_any": [9]}, []),
        ({"year": 1999}, [4, 1]),
        ({"year": 1999, "genre_ids_any": [1], "order_by": "title"}, [1]),
        ({"year": 1999, "order_by": "my_rating"}, [1, 4]),
        ({"added_from": day(3)}, [6, 5, 4, 3]),
        ({"added_before": day(3)}, [2, 1]),
        ({"added_from": day(2), "added_before": day(5), "genre_ids_any": [1]}, [3]),
    ):
        assert (await listed(user, **asked))[0] == expected, asked


async def test_ratings_are_filtered_by_their_own_fields(user: Client) -> None:
    assert (await ratings(user, rating_min=3))[0] == [6, 4, 2, 1]
    assert (await ratings(user, rating_max=2))[0] == [5, 3]
    assert (await ratings(user, rating_min=2, rating_max=3, year=1999))[0] == [4, 1]
    assert (await ratings(user, rating_min=5, rating_max=1))[0] == []


@pytest.mark.parametrize("listed", LISTS)
async def test_a_page_token_is_valid_only_for_its_filter_order_list_and_caller(
    user: Client, client: Client, listed: Callable[..., Any]
) -> None:
    _, token = await listed(user, page_size=2)
    other = await client.registered()
    strange = [
        listed(user, page_token=token, order_by="title"),
        listed(user, page_token=token, year=1999),
        listed(other, page_token=token),
        *(each(user, page_token=token) for each in LISTS if each is not listed),
    ]
    for call in strange:
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")
    for order_by in ("id", "title down", "title, id", "rating"):
        assert (await refused(listed(user, order_by=order_by))).reason == "ORDER_BY_INVALID"


@pytest.mark.parametrize("order_by", ["create_time desc", "title", "my_rating desc"])
async def test_pages_neither_miss_nor_repeat_a_movie_during_changes(
    user: Client, database: asyncpg.Connection, order_by: str
) -> None:
    lasting = set(range(1, 7))

    async def add_and_remove() -> None:
        for number in range(12):
            movie_id = await add_movie(database, f"{'ABCZ'[number % 4]} film")
            await user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=movie_id))
            if number % 2:
                await user.favorites.RemoveFavorite(favorites_pb2.RemoveFavoriteRequest(movie_id=movie_id))

    async def read() -> list[int]:
        seen, token = await favorites(user, order_by=order_by, page_size=1)
        while token:
            page, token = await favorites(user, order_by=order_by, page_size=1, page_token=token)
            seen += page
        return seen

    _, *readings = await asyncio.gather(add_and_remove(), read(), read())
    for seen in readings:
        assert len(seen) == len(set(seen))
        assert lasting <= set(seen)
