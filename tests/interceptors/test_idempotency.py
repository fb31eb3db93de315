"""Calls with a request_id: repeats return the first response and change nothing."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import movie_pb2, movies_pb2

from tests.catalogue import add_movie
from tests.client import Client, refused

Create = movies_pb2.CreateMovieRequest
Movie = movie_pb2.Movie


@pytest.fixture
async def staff(client: Client) -> Client:
    return await client.promoted(await client.registered())


async def count(database: asyncpg.Connection, table: str = "movies") -> int:
    rows: int = await database.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
    return rows


async def test_twenty_concurrent_calls_create_one_movie_and_get_one_response(
    staff: Client, database: asyncpg.Connection
) -> None:
    request = Create(movie=Movie(title="Ran"), request_id=str(uuid4()))
    answers = await asyncio.gather(*(staff.catalog.CreateMovie(request) for _ in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].movie.title == "Ran"
    assert await count(database) == 1
    assert await database.fetchval("SELECT count(*) FROM audit_log WHERE action = 'movies.create'") == 1


async def test_without_an_id_each_call_runs(staff: Client, database: asyncpg.Connection) -> None:
    await asyncio.gather(*(staff.catalog.CreateMovie(Create(movie=Movie(title="Ran"))) for _ in range(5)))
    assert await count(database) == 5
    assert await count(database, "idempotency_keys") == 0


async def test_a_late_repeat_gets_the_first_response(staff: Client, database: asyncpg.Connection) -> None:
    request = Create(movie=Movie(title="Ran"), request_id=str(uuid4()))
    first = await staff.catalog.CreateMovie(request)
    await database.execute("UPDATE movies SET title = 'Chaos'")
    assert await staff.catalog.CreateMovie(request) == first
    await database.execute("DELETE FROM movies")
    assert await staff.catalog.CreateMovie(request) == first
    assert await count(database) == 0


async def test_an_id_is_the_same_in_capital_letters(staff: Client, database: asyncpg.Connection) -> None:
    request_id = "c0ffee00-aaaa-4bbb-8ccc-0123456789ab"
    requests = [Create(movie=Movie(title="Ran"), request_id=text) for text in (request_id, request_id.upper())]
    assert await staff.catalog.CreateMovie(requests[0]) == await staff.catalog.CreateMovie(requests[1])
    assert await count(database) == 1


async def test_another_request_under_the_same_id_is_refused(staff: Client, database: asyncpg.Connection) -> None:
    request_id = str(uuid4())
    await staff.catalog.CreateMovie(Create(movie=Movie(title="Ran"), request_id=request_id))
    for movie in (Movie(title="ran"), Movie(title="Ran", duration=1)):
        refusal = await refused(staff.catalog.CreateMovie(Create(movie=movie, request_id=request_id)))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
        assert refusal.fields == {"request_id": "request_id.unique"}
    assert await count(database) == 1


async def test_one_of_several_concurrent_requests_wins(staff: Client, database: asyncpg.Connection) -> None:
    request_id = str(uuid4())
    calls = [
        staff.catalog.CreateMovie(Create(movie=Movie(title=f"Take {n}"), request_id=request_id)) for n in range(10)
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    (won,) = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert await database.fetchval("SELECT title FROM movies") == won.movie.title
    assert await count(database) == 1


async def test_a_refused_call_may_be_repeated(staff: Client, database: asyncpg.Connection) -> None:
    await add_movie(database, tmdb_id=1)
    request = Create(movie=Movie(title="Ran", tmdb_id=1), request_id=str(uuid4()))
    refusals = await asyncio.gather(*(refused(staff.catalog.CreateMovie(request)) for _ in range(10)))
    assert {refusal.reason for refusal in refusals} == {"TMDB_ID_TAKEN"}
    assert await count(database, "idempotency_keys") == 0
    await database.execute("DELETE FROM movies")
    assert (await staff.catalog.CreateMovie(request)).movie.tmdb_id == 1


async def test_each_caller_has_separate_ids(client: Client, staff: Client, database: asyncpg.Connection) -> None:
    other = await client.promoted(await client.registered())
    request = Create(movie=Movie(title="Ran"), request_id=str(uuid4()))
    answers = [await caller.catalog.CreateMovie(request) for caller in (staff, other, staff, other)]
    assert answers[0].movie.id == answers[2].movie.id != answers[1].movie.id == answers[3].movie.id
    assert await count(database) == 2


async def test_a_caller_without_permission_gets_no_stored_response(client: Client, staff: Client) -> None:
    request = Create(movie=Movie(title="Ran"), request_id=str(uuid4()))
    await staff.catalog.CreateMovie(request)
    for caller in (client, await client.registered()):
        assert (await refused(caller.catalog.CreateMovie(request))).code in {
            grpc.StatusCode.UNAUTHENTICATED,
            grpc.StatusCode.PERMISSION_DENIED,
        }


async def test_each_method_has_separate_ids(staff: Client) -> None:
    request_id = str(uuid4())
    created = (await staff.catalog.CreateMovie(Create(movie=Movie(title="Ran"), request_id=request_id))).movie
    update = movies_pb2.UpdateMovieRequest(id=created.id, movie=Movie(title="Chaos"), request_id=request_id)
    assert (await staff.catalog.UpdateMovie(update)).movie.title == "Chaos"


async def test_a_repeated_update_runs_once(staff: Client, database: asyncpg.Connection) -> None:
    """This holds with an etag, too, which the first call made stale."""
    created = (await staff.catalog.CreateMovie(Create(movie=Movie(title="Ran")))).movie
    update = movies_pb2.UpdateMovieRequest(
        id=created.id,
        movie=Movie(title="Chaos", etag=created.etag),
        update_mask=FieldMask(paths=["title"]),
        request_id=str(uuid4()),
    )
    answers = await asyncio.gather(*(staff.catalog.UpdateMovie(update) for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert await database.fetchval("SELECT row_version FROM movies") == 2


async def test_a_field_mask_changes_the_response_but_not_the_stored_one(staff: Client) -> None:
    request = Create(movie=Movie(title="Ran", tagline="War."), request_id=str(uuid4()))
    masked = await staff.catalog.CreateMovie(request, metadata=(("x-field-mask", "title"),))
    whole = await staff.catalog.CreateMovie(request)
    assert masked.movie == movie_pb2.Movie(title="Ran")
    assert (whole.movie.title, whole.movie.tagline) == ("Ran", "War.")


async def test_an_id_is_a_uuid(staff: Client) -> None:
    for request_id in ("1", "x" * 36, "00000000-0000-0000-0000-00000000000", " " + str(uuid4())):
        refusal = await refused(staff.catalog.CreateMovie(Create(movie=Movie(title="Ran"), request_id=request_id)))
        assert refusal.fields == {"request_id": "string.uuid"}
