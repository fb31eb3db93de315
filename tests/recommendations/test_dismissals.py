"""Dismissals: each user's own, made and taken back as often as wanted."""

from __future__ import annotations

import asyncio

import asyncpg
import grpc

from tests.catalogue import add_movie
from tests.client import Client, refused
from tests.recommendations.calls import add_ranked_movies, dismiss, dismissed, ids, restore


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
    assert not (await dismissed(user)).dismissals


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
    first = await dismissed(user, page_size=3)
    await restore(user, movies[4])
    second = await dismissed(user, page_size=3, page_token=first.next_page_token)
    assert ids(first) + ids(second) == movies[::-1]
    assert second.next_page_token == ""


async def test_another_users_dismissals_are_out_of_reach(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 3)
    user, other = await client.registered(), await client.registered()
    for movie_id in movies:
        await dismiss(user, movie_id)
    token = (await dismissed(user, page_size=1)).next_page_token
    assert not (await dismissed(other)).dismissals
    assert (await refused(dismissed(other, page_token=token))).reason == "PAGE_TOKEN_INVALID"
    await restore(other, movies[0])
    assert ids(await dismissed(user)) == movies[::-1]


async def test_concurrent_calls_leave_one_row_or_none(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    answers = await asyncio.gather(*(dismiss(user, movie_id) for _ in range(20)))
    assert len({answer.dismissal.create_time.ToNanoseconds() for answer in answers}) == 1
    await asyncio.gather(*(call(user, movie_id) for call in (dismiss, restore) * 20))
    await dismiss(user, movie_id)
    assert ids(await dismissed(user)) == [movie_id]
    await asyncio.gather(*(restore(user, movie_id) for _ in range(20)))
    assert await database.fetchval("SELECT count(*) FROM dismissed_recommendations") == 0


async def test_an_erased_account_dismisses_nothing(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    gone = client.as_staff(999)
    assert (await refused(dismiss(gone, movie_id))).code is grpc.StatusCode.UNAUTHENTICATED
