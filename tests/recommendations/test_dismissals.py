"""Dismissals: idempotent, removable, and separate for each user."""

from __future__ import annotations

import asyncio

import asyncpg
import grpc

from tests.catalogue import add_movie
from tests.client import Client, refused
from tests.recommendations.calls import add_ranked_movies, dismiss, ids, list_dismissed, restore


async def test_dismissing_again_returns_the_first_dismissal(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Not for me")
    user = await client.registered()
    first = (await dismiss(user, movie_id)).dismissal
    again = (await dismiss(user, movie_id)).dismissal
    assert first.movie.title == "Not for me"
    assert first.movie.HasField("viewer")
    assert again == first
    assert await database.fetchval("SELECT count(*) FROM dismissed_recommendations") == 1


async def test_restoring_again_is_no_error(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    await dismiss(user, movie_id)
    await restore(user, movie_id)
    await restore(user, movie_id)
    assert not (await list_dismissed(user)).dismissals


async def test_an_unknown_movie_is_not_found(client: Client) -> None:
    user = await client.registered()
    for call in (dismiss, restore):
        refusal = await refused(call(user, 999))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")


async def test_dismissals_are_listed_newest_first_and_paged(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 5)
    user = await client.registered()
    for movie_id in movies:
        await dismiss(user, movie_id)
    first = await list_dismissed(user, page_size=3)
    await restore(user, movies[4])
    second = await list_dismissed(user, page_size=3, page_token=first.next_page_token)
    assert ids(first) + ids(second) == movies[::-1]
    assert second.next_page_token == ""


async def test_dismissals_of_another_user_are_not_accessible(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 3)
    user, other = await client.registered(), await client.registered()
    for movie_id in movies:
        await dismiss(user, movie_id)
    token = (await list_dismissed(user, page_size=1)).next_page_token
    assert not (await list_dismissed(other)).dismissals
    assert (await refused(list_dismissed(other, page_token=token))).reason == "PAGE_TOKEN_INVALID"
    await restore(other, movies[0])
    assert ids(await list_dismissed(user)) == movies[::-1]


async def test_concurrent_calls_result_in_at_most_one_row(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    responses = await asyncio.gather(*(dismiss(user, movie_id) for _ in range(20)))
    assert len({response.dismissal.create_time.ToNanoseconds() for response in responses}) == 1
    await asyncio.gather(*(call(user, movie_id) for call in (dismiss, restore) * 20))
    await dismiss(user, movie_id)
    assert ids(await list_dismissed(user)) == [movie_id]
    await asyncio.gather(*(restore(user, movie_id) for _ in range(20)))
    assert await database.fetchval("SELECT count(*) FROM dismissed_recommendations") == 0


async def test_an_erased_account_cannot_dismiss(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    erased = client.as_staff(999)
    assert (await refused(dismiss(erased, movie_id))).code is grpc.StatusCode.UNAUTHENTICATED
