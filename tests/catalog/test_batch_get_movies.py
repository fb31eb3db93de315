"""BatchGetMovies: movies by id, and the ids without a movie."""

from __future__ import annotations

import asyncpg
import grpc
from marquee.catalog.v1 import movies_pb2

from tests.catalogue import add_genre, add_movie
from tests.client import Client, refused
from tests.queries import QueryCount

BatchGet = movies_pb2.BatchGetMoviesRequest


async def test_movies_and_missing_ids_are_returned_in_the_requested_order(
    client: Client, database: asyncpg.Connection
) -> None:
    ids = [await add_movie(database, title) for title in "ABCD"]
    await database.execute("DELETE FROM movies WHERE id = ANY($1)", [ids[1]])
    asked = [ids[3], 2_147_483_647, ids[0], ids[1], ids[2]]
    answer = await client.catalog.BatchGetMovies(BatchGet(ids=asked))
    assert [(movie.id, movie.title) for movie in answer.movies] == [(ids[3], "D"), (ids[0], "A"), (ids[2], "C")]
    assert list(answer.missing_ids) == [2_147_483_647, ids[1]]


async def test_unknown_ids_cause_no_error(client: Client) -> None:
    answer = await client.catalog.BatchGetMovies(BatchGet(ids=[3, 1, 2]))
    assert answer == movies_pb2.BatchGetMoviesResponse(missing_ids=[3, 1, 2])


async def test_a_caller_sees_their_own_state(client: Client, database: asyncpg.Connection) -> None:
    ids = [await add_movie(database) for _ in range(2)]
    user = await client.registered()
    await database.execute("INSERT INTO favorite_movies (user_id, movie_id) VALUES ($1, $2)", user.user_id, ids[1])
    mine = (await user.catalog.BatchGetMovies(BatchGet(ids=ids))).movies
    assert [movie.viewer.is_favorite for movie in mine] == [False, True]
    anonymous = (await client.catalog.BatchGetMovies(BatchGet(ids=ids))).movies
    assert not any(movie.HasField("viewer") for movie in anonymous)


async def test_an_invalid_list_of_ids_is_refused(client: Client) -> None:
    broken: dict[str, list[int]] = {
        "repeated.min_items": [],
        "repeated.max_items": list(range(1, 102)),
        "repeated.unique": [1, 2, 1],
        "int32.gt": [0],
    }
    for rule, ids in broken.items():
        refusal = await refused(client.catalog.BatchGetMovies(BatchGet(ids=ids)))
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
        assert list(refusal.fields.values()) == [rule]


async def test_a_hundred_movies_need_the_same_number_of_queries_as_one(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    ids = [await add_movie(database) for _ in range(100)]
    await add_genre(database, "Drama", *ids)
    user = await client.registered()
    totals = []
    for some in (ids[:1], ids):
        with queries.counted() as counted:
            assert len((await user.catalog.BatchGetMovies(BatchGet(ids=some))).movies) == len(some)
        totals.append(counted.total)
    assert totals[0] == totals[1] > 0
