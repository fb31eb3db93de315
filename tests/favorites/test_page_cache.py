"""Cached pages of a user's lists: never older than an acknowledged write, on any worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from marquee.favorites.v1 import favorites_pb2, rating_pb2, watchlist_pb2

from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.catalogue import add_movie
from tests.client import Client
from tests.outage import Served, served
from tests.queries import QueryCount

LIST = favorites_pb2.ListFavoritesRequest(page_size=2)


@pytest.fixture
async def other(settings: Settings, storage: S3UploadStorage) -> AsyncIterator[Served]:
    """Another worker on the same database."""
    async with served(settings, storage) as other:
        yield other


@pytest.fixture
async def user(client: Client, database: asyncpg.Connection) -> Client:
    """A user with the favorites 1 to 3, whose first page was requested once."""
    user = await client.registered()
    for number in range(1, 5):
        await add_movie(database, f"Film {number}")
    for number in range(1, 4):
        await user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=number))
    assert await listed(user) == [3, 2]
    return user


async def listed(user: Client) -> list[int]:
    return [each.movie.id for each in (await user.favorites.ListFavorites(LIST)).favorites]


async def test_a_cached_page_needs_one_statement_for_the_list_versions(user: Client, queries: QueryCount) -> None:
    with queries.counted() as counted:
        assert await listed(user) == [3, 2]
    (statement,) = counted.sent
    assert "favorite_movies" not in statement


async def test_every_change_is_visible_at_once_on_every_worker(user: Client, other: Served) -> None:
    elsewhere = other.client.with_token(user.token or "")
    assert await listed(elsewhere) == [3, 2]
    await user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=4))
    assert await listed(elsewhere) == [4, 3]
    await elsewhere.favorites.RemoveFavorite(favorites_pb2.RemoveFavoriteRequest(movie_id=3))
    assert await listed(user) == [4, 2]
    await user.favorites.RateMovie(rating_pb2.RateMovieRequest(movie_id=2, rating=5))
    await user.favorites.AddToWatchlist(watchlist_pb2.AddToWatchlistRequest(movie_id=4))
    for caller in (user, elsewhere):
        viewers = [each.movie.viewer for each in (await caller.favorites.ListFavorites(LIST)).favorites]
        assert [(viewer.my_rating, viewer.in_watchlist) for viewer in viewers] == [(0, True), (5, False)]


async def test_a_deleted_movie_leaves_the_page(user: Client, database: asyncpg.Connection) -> None:
    await database.execute("DELETE FROM movies WHERE id = 3")
    assert await listed(user) == [2, 1]


async def test_a_page_without_a_stored_list_version_is_read_from_the_database(
    user: Client, database: asyncpg.Connection
) -> None:
    await database.execute("DELETE FROM user_activities")
    assert await listed(user) == [3, 2]
    await user.favorites.RemoveFavorite(favorites_pb2.RemoveFavoriteRequest(movie_id=3))
    assert await listed(user) == [2, 1]


async def test_pages_are_cached_per_user(user: Client, client: Client) -> None:
    stranger = await client.registered()
    assert await listed(stranger) == []
    await stranger.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=1))
    assert await listed(stranger) == [1]
    assert await listed(user) == [3, 2]


async def test_readers_see_every_acknowledged_write(user: Client, other: Served, database: asyncpg.Connection) -> None:
    elsewhere = other.client.with_token(user.token or "")
    newest, ended = 3, False

    async def read(reader: Client) -> None:
        while not ended:
            acknowledged = newest
            assert max(await listed(reader)) >= acknowledged
            await asyncio.sleep(0)

    readers = [asyncio.create_task(read(reader)) for reader in (user, elsewhere) for _ in range(3)]
    for number in range(4, 44):
        if number > 4:
            await add_movie(database, f"Film {number}")
        await user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=number))
        newest = number
    ended = True
    await asyncio.gather(*readers)
