"""Watchlist of a user, and batches added to it and to favorites."""

from __future__ import annotations

import asyncio

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movie_pb2
from marquee.favorites.v1 import add_result_pb2, favorites_pb2, watchlist_pb2

from tests.catalogue import add_movie
from tests.client import Client, refused
from tests.queries import QueryCount

Add = watchlist_pb2.AddToWatchlistRequest
Remove = watchlist_pb2.RemoveFromWatchlistRequest
List = watchlist_pb2.ListWatchlistRequest
ADDED, THERE, NOT_FOUND = (
    add_result_pb2.ADD_OUTCOME_ADDED,
    add_result_pb2.ADD_OUTCOME_ALREADY_THERE,
    add_result_pb2.ADD_OUTCOME_NOT_FOUND,
)


async def ids(user: Client) -> list[int]:
    """Returns the ids on a user's watchlist, in the order they are listed."""
    return [item.movie.id for item in (await user.favorites.ListWatchlist(List(page_size=100))).items]


async def batch(user: Client, movie_ids: list[int], *, favorites: bool = False, dry: bool = False) -> list[int]:
    """Adds movies and returns the outcome of each."""
    if favorites:
        request = favorites_pb2.BatchAddFavoritesRequest(movie_ids=movie_ids, validate_only=dry)
        answer = await user.favorites.BatchAddFavorites(request)
    else:
        answer = await user.favorites.BatchAddToWatchlist(
            watchlist_pb2.BatchAddToWatchlistRequest(movie_ids=movie_ids, validate_only=dry)
        )
    assert [result.movie_id for result in answer.results] == movie_ids
    assert all(result.HasField("create_time") == (result.outcome != NOT_FOUND) for result in answer.results)
    return [result.outcome for result in answer.results]


async def test_a_movie_is_added_once_and_removed(client: Client, database: asyncpg.Connection) -> None:
    one, two = await add_movie(database, "Ran"), await add_movie(database)
    user, other = await client.registered(), await client.registered()
    item = (await user.favorites.AddToWatchlist(Add(movie_id=one))).item
    assert (item.movie.title, item.movie.viewer) == ("Ran", movie_pb2.MovieViewer(in_watchlist=True))
    assert (await user.favorites.AddToWatchlist(Add(movie_id=one))).item == item
    await user.favorites.AddToWatchlist(Add(movie_id=two))
    assert (await ids(user), await ids(other)) == ([two, one], [])
    await other.favorites.RemoveFromWatchlist(Remove(movie_id=one))
    for _ in range(2):
        await user.favorites.RemoveFromWatchlist(Remove(movie_id=two))
    assert await ids(user) == [one]
    assert not (await user.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest())).favorites


async def test_an_unknown_movie_cannot_be_added(client: Client) -> None:
    refusal = await refused((await client.registered()).favorites.AddToWatchlist(Add(movie_id=7)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")


@pytest.mark.parametrize("view", [movie_pb2.MOVIE_VIEW_UNSPECIFIED, movie_pb2.MOVIE_VIEW_FULL])
async def test_the_movie_has_the_basic_view_unless_the_full_one_is_requested(
    client: Client, database: asyncpg.Connection, view: movie_pb2.MovieView.ValueType
) -> None:
    movie_id = await add_movie(database, tagline="Chaos")
    user = await client.registered()
    item = (await user.favorites.AddToWatchlist(Add(movie_id=movie_id, view=view))).item
    assert item.movie.tagline == ("Chaos" if view else "")
    assert list((await user.favorites.ListWatchlist(List(view=view))).items) == [item]


@pytest.mark.parametrize("favorites", [True, False])
async def test_a_batch_returns_the_outcome_of_each_movie(
    client: Client, database: asyncpg.Connection, *, favorites: bool
) -> None:
    one, two, three = [await add_movie(database) for _ in range(3)]
    user = await client.registered()
    assert await batch(user, [two], favorites=favorites) == [ADDED]
    assert await batch(user, [three, 99, two, one], favorites=favorites, dry=True) == [ADDED, NOT_FOUND, THERE, ADDED]
    assert await batch(user, [three, 99, two, one], favorites=favorites) == [ADDED, NOT_FOUND, THERE, ADDED]
    assert await batch(user, [99], favorites=favorites) == [NOT_FOUND]
    table = "favorite_movies" if favorites else "watchlist_items"
    added = await database.fetch(f"SELECT movie_id FROM {table} WHERE user_id = $1", user.user_id)  # noqa: S608 - the tests' own names
    assert sorted(row["movie_id"] for row in added) == [one, two, three]


async def test_a_batch_of_500_movies_needs_one_statement(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    user = await client.registered()
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, 500)")
    movies = [row["id"] for row in await database.fetch("SELECT id FROM movies")]
    with queries.counted() as counted:
        assert set(await batch(user, movies, favorites=True)) == {ADDED}
    assert counted.total == 1
    for wrong in ([*movies, 501], [1, 1], [], [0]):
        request = favorites_pb2.BatchAddFavoritesRequest(movie_ids=wrong)
        assert (await refused(user.favorites.BatchAddFavorites(request))).code == grpc.StatusCode.INVALID_ARGUMENT


async def test_concurrent_batches_in_any_order_add_each_movie_once(
    client: Client, database: asyncpg.Connection
) -> None:
    movies = [await add_movie(database) for _ in range(20)]
    user = await client.registered()
    answers = await asyncio.gather(*(batch(user, movies[:: 1 if n % 2 else -1]) for n in range(12)))
    outcomes = [outcome for answer in answers for outcome in answer]
    assert (outcomes.count(ADDED), outcomes.count(THERE)) == (20, 220)


async def test_a_token_of_an_erased_user_cannot_add_a_batch(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    await database.execute("DELETE FROM users WHERE id = $1", user.user_id)
    refusal = await refused(batch(user, [movie_id]))
    assert refusal.reason == "ACCOUNT_GONE"
