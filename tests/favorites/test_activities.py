"""The caller's states of movies, and the versions that sync clients check for changes."""

from __future__ import annotations

import asyncio

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movie_pb2
from marquee.favorites.v1 import activity_pb2, favorites_pb2, rating_pb2, watchlist_pb2

from tests.catalogue import add_movie
from tests.client import Client, refused
from tests.queries import QueryCount

AddFavorite = favorites_pb2.AddFavoriteRequest
RemoveFavorite = favorites_pb2.RemoveFavoriteRequest
States = activity_pb2.BatchGetMovieStatesRequest


async def activities(user: Client) -> activity_pb2.GetLastActivitiesResponse:
    """Returns the versions of a user's lists."""
    answer: activity_pb2.GetLastActivitiesResponse = await user.favorites.GetLastActivities(
        activity_pb2.GetLastActivitiesRequest()
    )
    return answer


async def test_states_are_read_by_one_statement_and_returned_in_the_requested_order(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    one, two, three = [await add_movie(database) for _ in range(3)]
    user, other = await client.registered(), await client.registered()
    for each, movie_id, rating in ((user, one, 4), (other, two, 5)):
        await each.favorites.AddFavorite(AddFavorite(movie_id=movie_id))
        await each.favorites.AddToWatchlist(watchlist_pb2.AddToWatchlistRequest(movie_id=movie_id))
        await each.favorites.RateMovie(rating_pb2.RateMovieRequest(movie_id=movie_id, rating=rating))
    await user.favorites.AddToWatchlist(watchlist_pb2.AddToWatchlistRequest(movie_id=three))
    with queries.counted() as counted:
        answer = await user.favorites.BatchGetMovieStates(States(movie_ids=[three, 99, two, one]))
    assert counted.total == 1
    assert [(state.movie_id, state.viewer) for state in answer.states] == [
        (three, movie_pb2.MovieViewer(in_watchlist=True)),
        (99, movie_pb2.MovieViewer()),
        (two, movie_pb2.MovieViewer()),
        (one, movie_pb2.MovieViewer(is_favorite=True, in_watchlist=True, my_rating=4)),
    ]
    for wrong in ([], [1, 1], [0], list(range(1, 502))):
        refusal = await refused(user.favorites.BatchGetMovieStates(States(movie_ids=wrong)))
        assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT


async def test_each_change_increases_only_the_version_of_its_list_and_user(
    client: Client, database: asyncpg.Connection
) -> None:
    one, two = await add_movie(database), await add_movie(database)
    user, other = await client.registered(), await client.registered()
    before = await activities(user)
    assert before == activity_pb2.GetLastActivitiesResponse(
        favorites=activity_pb2.Activity(), watchlist=activity_pb2.Activity(), ratings=activity_pb2.Activity()
    )
    call = user.favorites
    changes = (
        ("favorites", call.AddFavorite, AddFavorite(movie_id=one)),
        ("favorites", call.BatchAddFavorites, favorites_pb2.BatchAddFavoritesRequest(movie_ids=[one, two])),
        ("watchlist", call.AddToWatchlist, watchlist_pb2.AddToWatchlistRequest(movie_id=one)),
        ("ratings", call.RateMovie, rating_pb2.RateMovieRequest(movie_id=one, rating=5)),
        ("ratings", call.UpdateRating, rating_pb2.UpdateRatingRequest(movie_id=one, review="So")),
        ("ratings", call.UpdateRating, rating_pb2.UpdateRatingRequest(movie_id=two, rating=2, allow_missing=True)),
        ("ratings", call.DeleteRating, rating_pb2.DeleteRatingRequest(movie_id=one)),
        ("favorites", call.RemoveFavorite, RemoveFavorite(movie_id=one)),
        ("watchlist", call.RemoveFromWatchlist, watchlist_pb2.RemoveFromWatchlistRequest(movie_id=one)),
    )
    for kind, rpc, request in changes:
        await rpc(request)
        after = await activities(user)
        assert getattr(after, kind).version == getattr(before, kind).version + 1
        assert getattr(after, kind).HasField("change_time")
        getattr(before, kind).CopyFrom(getattr(after, kind))
        assert after == before
    for rpc, request in (
        (call.AddFavorite, AddFavorite(movie_id=two)),
        (call.RemoveFavorite, RemoveFavorite(movie_id=one)),
    ):
        await rpc(request)
        assert await activities(user) == before, "nothing changed"
    assert (await activities(other)).favorites.version == 0


async def test_deleting_a_movie_increases_the_versions_of_the_lists_that_contained_it(
    client: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    await user.favorites.AddFavorite(AddFavorite(movie_id=movie_id))
    await user.favorites.RateMovie(rating_pb2.RateMovieRequest(movie_id=movie_id, rating=5))
    before = await activities(user)
    await database.execute("DELETE FROM movies WHERE id = $1", movie_id)
    after = await activities(user)
    assert after.favorites.version > before.favorites.version
    assert after.ratings.version > before.ratings.version
    assert after.watchlist == before.watchlist


async def test_lists_without_counted_changes_have_version_zero(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    await database.execute("INSERT INTO user_activities (user_id) VALUES ($1)", user.user_id)
    assert (await activities(user)).ratings == activity_pb2.Activity()


@pytest.mark.parametrize("writers", [6])
async def test_a_sync_client_never_misses_a_change(client: Client, database: asyncpg.Connection, writers: int) -> None:
    movies = [await add_movie(database) for _ in range(writers)]
    user = await client.registered()
    is_over = False

    async def write(movie_id: int) -> None:
        for _ in range(8):
            await user.favorites.AddFavorite(AddFavorite(movie_id=movie_id))
            await user.favorites.RemoveFavorite(RemoveFavorite(movie_id=movie_id))
        if movie_id % 2:
            await user.favorites.AddFavorite(AddFavorite(movie_id=movie_id))

    async def sync() -> set[int]:
        seen, copy = activity_pb2.Activity(version=-1), set[int]()
        while True:
            was_over = is_over
            current = (await activities(user)).favorites
            if current != seen:
                page = await user.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest(page_size=100))
                seen, copy = current, {favorite.movie.id for favorite in page.favorites}
            elif was_over:
                return copy

    async def write_all() -> None:
        nonlocal is_over
        await asyncio.gather(*map(write, movies))
        is_over = True

    _, *copies = await asyncio.gather(write_all(), sync(), sync())
    assert copies == [{movie_id for movie_id in movies if movie_id % 2}] * 2
    # Every change is counted, also two concurrent ones.
    assert (await activities(user)).favorites.version == writers * 16 + len(copies[0])
