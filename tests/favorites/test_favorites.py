"""Favorites of a user."""

from __future__ import annotations

import asyncio

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movie_pb2
from marquee.favorites.v1 import favorites_pb2
from marquee.users.v1 import users_pb2

from tests.catalogue import add_movie
from tests.client import Client, refused
from tests.queries import QueryCount

Add = favorites_pb2.AddFavoriteRequest
Remove = favorites_pb2.RemoveFavoriteRequest
List = favorites_pb2.ListFavoritesRequest


async def ids(user: Client) -> list[int]:
    """Returns the ids of a user's favorites, in the order they are listed."""
    return [favorite.movie.id for favorite in (await user.favorites.ListFavorites(List(page_size=100))).favorites]


async def test_an_added_movie_is_listed(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    user = await client.registered()
    added = (await user.favorites.AddFavorite(Add(movie_id=movie_id))).favorite
    assert added.movie.title == "Ran"
    assert added.movie.viewer == movie_pb2.MovieViewer(is_favorite=True)
    assert list((await user.favorites.ListFavorites(List())).favorites) == [added]


async def test_a_repeated_add_returns_the_first_favorite_and_changes_nothing(
    client: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    first = await user.favorites.AddFavorite(Add(movie_id=movie_id))
    rows = await database.fetch("SELECT * FROM favorite_movies")
    assert [await user.favorites.AddFavorite(Add(movie_id=movie_id)) for _ in range(2)] == [first, first]
    assert await database.fetch("SELECT * FROM favorite_movies") == rows


async def test_many_concurrent_adds_insert_one_row(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    answers = await asyncio.gather(*(user.favorites.AddFavorite(Add(movie_id=movie_id)) for _ in range(30)))
    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert await database.fetchval("SELECT count(*) FROM favorite_movies") == 1


async def test_concurrent_adds_and_removes_leave_one_row_or_none(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    calls = [
        call
        for _ in range(15)
        for call in (
            user.favorites.AddFavorite(Add(movie_id=movie_id)),
            user.favorites.RemoveFavorite(Remove(movie_id=movie_id)),
        )
    ]
    await asyncio.gather(*calls)
    assert await database.fetchval("SELECT count(*) FROM favorite_movies") in {0, 1}


async def test_removing_a_movie_that_is_no_favorite_succeeds(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    await user.favorites.RemoveFavorite(Remove(movie_id=movie_id))
    await user.favorites.RemoveFavorite(Remove(movie_id=movie_id + 1))
    await user.favorites.AddFavorite(Add(movie_id=movie_id))
    for _ in range(2):
        await user.favorites.RemoveFavorite(Remove(movie_id=movie_id))
        assert await ids(user) == []


async def test_users_cannot_access_lists_of_other_users(client: Client, database: asyncpg.Connection) -> None:
    one, two, three = [await add_movie(database) for _ in range(3)]
    ada, bob = await client.registered(), await client.registered()
    for movie_id in (one, two, three):
        await ada.favorites.AddFavorite(Add(movie_id=movie_id))
    await bob.favorites.AddFavorite(Add(movie_id=one))
    await bob.favorites.RemoveFavorite(Remove(movie_id=one))
    await bob.favorites.RemoveFavorite(Remove(movie_id=two))
    assert (await ids(ada), await ids(bob)) == ([three, two, one], [])
    assert await ids(client.as_staff(bob.user_id)) == []


async def test_a_page_token_of_another_user_is_refused(client: Client, database: asyncpg.Connection) -> None:
    movies = [await add_movie(database) for _ in range(3)]
    ada, bob = await client.registered(), await client.registered()
    for user in (ada, bob):
        for movie_id in movies:
            await user.favorites.AddFavorite(Add(movie_id=movie_id))
    token = (await ada.favorites.ListFavorites(List(page_size=1))).next_page_token
    assert len((await ada.favorites.ListFavorites(List(page_token=token))).favorites) == 2
    for stolen in (token, token[:-1], "x"):
        refusal = await refused(bob.favorites.ListFavorites(List(page_token=stolen)))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_pages_are_newest_first_also_during_changes(client: Client, database: asyncpg.Connection) -> None:
    movies = [await add_movie(database) for _ in range(9)]
    user = await client.registered()
    for movie_id in movies[:7]:
        await user.favorites.AddFavorite(Add(movie_id=movie_id))
    first = await user.favorites.ListFavorites(List(page_size=3))
    await user.favorites.AddFavorite(Add(movie_id=movies[7]))
    await user.favorites.RemoveFavorite(Remove(movie_id=movies[4]))  # the row in the page token
    await user.favorites.RemoveFavorite(Remove(movie_id=movies[2]))
    rest = await user.favorites.ListFavorites(List(page_size=100, page_token=first.next_page_token))
    assert [favorite.movie.id for favorite in first.favorites] == [movies[6], movies[5], movies[4]]
    assert [favorite.movie.id for favorite in rest.favorites] == [movies[3], movies[1], movies[0]]
    assert not rest.next_page_token
    assert (await ids(user))[0] == movies[7]


async def test_page_sizes(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, 101)")
    await database.execute("INSERT INTO favorite_movies (user_id, movie_id) SELECT $1, id FROM movies", user.user_id)
    for asked, given in ((0, 20), (5, 5), (100, 100), (101, 100)):
        page = await user.favorites.ListFavorites(List(page_size=asked))
        assert (len(page.favorites), bool(page.next_page_token)) == (given, True)
    assert (await refused(user.favorites.ListFavorites(List(page_size=-1)))).fields == {"page_size": "int32.gte"}


async def test_an_unknown_movie_cannot_be_added(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    refusal = await refused(user.favorites.AddFavorite(Add(movie_id=2**31 - 1)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")
    assert refusal.details["ResourceInfo"].resource_name == str(2**31 - 1)
    assert await database.fetchval("SELECT count(*) FROM favorite_movies") == 0


@pytest.mark.parametrize("movie_id", [0, -1])
async def test_an_invalid_id_is_refused(client: Client, movie_id: int) -> None:
    user = await client.registered()
    for call in (
        user.favorites.AddFavorite(Add(movie_id=movie_id)),
        user.favorites.RemoveFavorite(Remove(movie_id=movie_id)),
    ):
        assert (await refused(call)).fields == {"movie_id": "int32.gt"}


async def test_a_deleted_movie_is_removed_from_the_favorites(client: Client, database: asyncpg.Connection) -> None:
    remaining, deleted = await add_movie(database), await add_movie(database)
    user = await client.registered()
    for movie_id in (remaining, deleted):
        await user.favorites.AddFavorite(Add(movie_id=movie_id))
    await database.execute("DELETE FROM movies WHERE id = $1", deleted)
    assert await ids(user) == [remaining]
    assert (await refused(user.favorites.AddFavorite(Add(movie_id=deleted)))).reason == "MOVIE_NOT_FOUND"


async def test_a_token_of_an_erased_user_cannot_add_favorites(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user, other = await client.registered(), await client.registered()
    for each in (user, other):
        await each.favorites.AddFavorite(Add(movie_id=movie_id))
    await database.execute("DELETE FROM users WHERE id = $1", user.user_id)
    assert await ids(other) == [movie_id]
    refusal = await refused(user.favorites.AddFavorite(Add(movie_id=movie_id)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "ACCOUNT_GONE")
    assert (await refused(user.users.GetProfile(users_pb2.GetProfileRequest()))).reason == "ACCOUNT_GONE"
    assert await ids(user) == []


async def test_pages_of_any_size_need_the_same_number_of_queries(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    user = await client.registered()
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, 100)")
    await database.execute("INSERT INTO favorite_movies (user_id, movie_id) SELECT $1, id FROM movies", user.user_id)
    counts = []
    for size in (1, 10, 100):
        with queries.counted() as counted:
            await user.favorites.ListFavorites(List(page_size=size))
        counts.append(counted.total)
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 8
