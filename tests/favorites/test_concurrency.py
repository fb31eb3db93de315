"""Rating totals under concurrent writes: exact, and no write is refused."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from typing import Any

import asyncpg
import grpc
from marquee.favorites.v1 import favorites_pb2, rating_pb2, review_pb2
from marquee.users.v1 import users_pb2

from tests.catalogue import add_movie
from tests.client import PASSWORD, Client, refusal_of
from tests.rating_totals import COMPUTED_TOTALS, STORED_TOTALS

WRITERS = 200
KINDS = ("rate", "update", "upsert", "delete", "add", "remove")
# The reasons that two concurrent writers of the same rating may get; none is about locks.
EXPECTED = {"RATING_EXISTS", "RATING_NOT_FOUND", "ACCOUNT_GONE", "TOKEN_INVALID"}


async def reason(call: Awaitable[Any]) -> str:
    """Returns the reason of a refused call; empty for an accepted one."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return refusal_of(error).reason
    return ""


def write(kind: str, user: Client, movie_id: int, rating: int) -> Any:
    match kind:
        case "rate":
            return user.favorites.RateMovie(rating_pb2.RateMovieRequest(movie_id=movie_id, rating=rating))
        case "update":
            return user.favorites.UpdateRating(rating_pb2.UpdateRatingRequest(movie_id=movie_id, rating=rating))
        case "upsert":
            return user.favorites.UpdateRating(
                rating_pb2.UpdateRatingRequest(movie_id=movie_id, rating=rating, allow_missing=True)
            )
        case "delete":
            return user.favorites.DeleteRating(rating_pb2.DeleteRatingRequest(movie_id=movie_id))
        case "add":
            return user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=movie_id))
    return user.favorites.RemoveFavorite(favorites_pb2.RemoveFavoriteRequest(movie_id=movie_id))


async def test_200_mixed_writers_leave_exact_figures(client: Client, database: asyncpg.Connection) -> None:
    movies = [await add_movie(database) for _ in range(4)]
    users = [await client.registered() for _ in range(8)]
    leaving = users[:2]
    choice = random.Random(11)  # noqa: S311 - a repeatable mix
    # The users that are erased have movies on every list.
    for user in leaving:
        await user.favorites.BatchAddFavorites(favorites_pb2.BatchAddFavoritesRequest(movie_ids=movies))
        for movie_id in movies:
            await user.favorites.RateMovie(rating_pb2.RateMovieRequest(movie_id=movie_id, rating=1))

    # All writers change the first movie.
    calls = [
        write(choice.choice(KINDS), choice.choice(users), choice.choice([movies[0], *movies]), choice.randint(1, 5))
        for _ in range(WRITERS - len(leaving))
    ]
    for number, user in enumerate(leaving):
        erasure = user.users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password=PASSWORD))
        calls.insert(60 * (number + 1), erasure)
    reasons = set(await asyncio.gather(*map(reason, calls)))
    assert reasons - {""} <= EXPECTED
    assert "" in reasons

    stored = await database.fetch(STORED_TOTALS)
    assert stored == await database.fetch(COMPUTED_TOTALS)
    assert await database.fetchval("SELECT count(*) FROM users") == len(users) - len(leaving)
    by_id = {row["movie_id"]: row for row in stored}
    for movie_id in movies:
        answer = await client.favorites.GetRatingSummary(review_pb2.GetRatingSummaryRequest(movie_id=movie_id))
        counted = by_id.get(movie_id)
        assert list(answer.summary.distribution) == [counted[f"rating_{n}"] if counted else 0 for n in range(1, 6)]
        assert answer.summary.count == sum(answer.summary.distribution)


async def test_one_of_many_concurrent_first_ratings_succeeds(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    calls = [
        user.favorites.RateMovie(rating_pb2.RateMovieRequest(movie_id=movie_id, rating=1 + n % 5)) for n in range(20)
    ]
    reasons = await asyncio.gather(*map(reason, calls))
    assert sorted(reasons) == ["", *["RATING_EXISTS"] * 19]
    assert await database.fetch(STORED_TOTALS) == await database.fetch(COMPUTED_TOTALS)


async def test_concurrent_upserts_all_succeed(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    calls = [
        user.favorites.UpdateRating(
            rating_pb2.UpdateRatingRequest(movie_id=movie_id, rating=1 + n % 5, allow_missing=True)
        )
        for n in range(20)
    ]
    assert set(await asyncio.gather(*map(reason, calls))) == {""}
    assert await database.fetchval("SELECT row_version FROM movie_ratings") == 20
    assert await database.fetch(STORED_TOTALS) == await database.fetch(COMPUTED_TOTALS)
