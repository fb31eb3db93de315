"""Calls with validate_only: they say what the real call would say, and leave nothing."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import movie_pb2, movies_pb2

from tests.catalogue import add_genre, add_movie
from tests.client import Client, refused

TABLES = (
    "movies",
    "movie_genres",
    "movie_stats",
    "favorite_movies",
    "audit_log",
    "idempotency_keys",
    "catalog_changes",
    "files",
)
# What differs from one making of a record to the next.
OF_THE_MAKING = ("id", "etag", "create_time", "update_time")

Movie = movie_pb2.Movie


@pytest.fixture
async def staff(client: Client) -> Client:
    return await client.promoted(await client.registered())


async def everything(database: asyncpg.Connection) -> dict[str, list[Any]]:
    """Returns all rows that a write of movies could touch."""
    return {
        table: [tuple(row) for row in await database.fetch(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608 - ours
        for table in TABLES
    }


def alike(movie: movie_pb2.Movie) -> movie_pb2.Movie:
    copy = movie_pb2.Movie()
    copy.CopyFrom(movie)
    for name in OF_THE_MAKING:
        copy.ClearField(name)  # type: ignore[arg-type] # names of the message's own fields
    return copy


async def test_a_movie_that_would_be_made(staff: Client, database: asyncpg.Connection) -> None:
    genre = await add_genre(database, "Drama")
    request = movies_pb2.CreateMovieRequest(movie=Movie(title="Ran", genre_ids=[genre]), validate_only=True)
    before = await everything(database)
    dry = (await staff.catalog.CreateMovie(request)).movie
    assert await everything(database) == before
    assert (dry.title, list(dry.genre_ids), dry.id > 0) == ("Ran", [genre], True)
    request.validate_only = False
    made = (await staff.catalog.CreateMovie(request)).movie
    assert alike(made) == alike(dry)
    assert made.id != dry.id, "the id of the trial is not kept"
    assert (await everything(database))["movies"] != before["movies"]


async def test_a_movie_that_would_be_changed(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    genre = await add_genre(database, "Drama")
    request = movies_pb2.UpdateMovieRequest(
        id=movie_id, movie=Movie(title="Chaos", genre_ids=[genre]), validate_only=True
    )
    before = await everything(database)
    dry = (await staff.catalog.UpdateMovie(request)).movie
    assert await everything(database) == before
    request.validate_only = False
    changed = (await staff.catalog.UpdateMovie(request)).movie
    assert (changed.id, changed.etag, alike(changed)) == (dry.id, dry.etag, alike(dry))


async def test_a_movie_that_would_be_removed(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    await add_genre(database, "Drama", movie_id)
    await database.execute("INSERT INTO favorite_movies (user_id, movie_id) VALUES ($1, $2)", staff.user_id, movie_id)
    before = await everything(database)
    request = movies_pb2.DeleteMovieRequest(id=movie_id, validate_only=True)
    assert await staff.catalog.DeleteMovie(request) == movies_pb2.DeleteMovieResponse()
    assert await everything(database) == before


async def test_refusals_are_those_of_the_real_call(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran", tmdb_id=1)
    catalog = staff.catalog
    calls: list[tuple[Any, Any]] = [
        (catalog.CreateMovie, movies_pb2.CreateMovieRequest(movie=Movie())),
        (catalog.CreateMovie, movies_pb2.CreateMovieRequest(movie=Movie(title="x", tmdb_id=1))),
        (catalog.CreateMovie, movies_pb2.CreateMovieRequest(movie=Movie(title="x", director_id=7))),
        (catalog.CreateMovie, movies_pb2.CreateMovieRequest(movie=Movie(title="x", genre_ids=[7]))),
        (catalog.UpdateMovie, movies_pb2.UpdateMovieRequest(id=movie_id + 1, movie=Movie(title="x"))),
        (catalog.UpdateMovie, movies_pb2.UpdateMovieRequest(id=movie_id, movie=Movie(title="x", etag="old"))),
        (
            catalog.UpdateMovie,
            movies_pb2.UpdateMovieRequest(id=movie_id, movie=Movie(), update_mask=FieldMask(paths=["*"])),
        ),
        (catalog.DeleteMovie, movies_pb2.DeleteMovieRequest(id=movie_id + 1)),
        (catalog.DeleteMovie, movies_pb2.DeleteMovieRequest(id=movie_id, etag="old")),
    ]
    before = await everything(database)
    for rpc, request in calls:
        real = await refused(rpc(request))
        request.validate_only = True
        dry = await refused(rpc(request))
        assert (dry.code, dry.reason, dry.message, dry.fields) == (real.code, real.reason, real.message, real.fields)
    assert await everything(database) == before


async def test_who_may_not_call_may_not_try(client: Client) -> None:
    request = movies_pb2.CreateMovieRequest(movie=Movie(title="x"), validate_only=True)
    for caller in (client, await client.registered()):
        assert (await refused(caller.catalog.CreateMovie(request))).code.name in {
            "UNAUTHENTICATED",
            "PERMISSION_DENIED",
        }


async def test_trials_of_the_same_do_not_stand_in_each_others_way(staff: Client, database: asyncpg.Connection) -> None:
    request = movies_pb2.CreateMovieRequest(movie=Movie(title="Ran", tmdb_id=1), validate_only=True)
    answers = await asyncio.gather(*(staff.catalog.CreateMovie(request) for _ in range(20)))
    assert {answer.movie.tmdb_id for answer in answers} == {1}
    assert await database.fetchval("SELECT count(*) FROM movies") == 0


async def test_a_trial_does_not_use_up_its_request_id(staff: Client, database: asyncpg.Connection) -> None:
    request = movies_pb2.CreateMovieRequest(movie=Movie(title="Ran"), validate_only=True, request_id=str(uuid4()))
    before = await everything(database)
    trials = [(await staff.catalog.CreateMovie(request)).movie for _ in range(2)]
    assert await everything(database) == before
    request.validate_only = False
    made = [(await staff.catalog.CreateMovie(request)).movie for _ in range(2)]
    assert made[0] == made[1]
    assert alike(trials[0]) == alike(trials[1]) == alike(made[0])
    assert await database.fetchval("SELECT count(*) FROM movies") == 1
    request.validate_only = True
    assert (await staff.catalog.CreateMovie(request)).movie == made[0], "as a repeat of the act would"
