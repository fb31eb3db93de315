"""Calls with validate_only: they answer like the real call and change nothing."""

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
# Fields that differ between two calls.
GENERATED = ("id", "etag", "create_time", "update_time")

Movie = movie_pb2.Movie


@pytest.fixture
async def staff(client: Client) -> Client:
    return await client.promoted(await client.registered())


async def all_rows(database: asyncpg.Connection) -> dict[str, list[Any]]:
    """Returns all rows that a write of movies could change."""
    return {
        table: [tuple(row) for row in await database.fetch(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608 - ours
        for table in TABLES
    }


def without_generated(movie: movie_pb2.Movie) -> movie_pb2.Movie:
    copy = movie_pb2.Movie()
    copy.CopyFrom(movie)
    for name in GENERATED:
        copy.ClearField(name)  # type: ignore[arg-type] # names of the message's own fields
    return copy


async def test_create_movie(staff: Client, database: asyncpg.Connection) -> None:
    genre = await add_genre(database, "Drama")
    request = movies_pb2.CreateMovieRequest(movie=Movie(title="Ran", genre_ids=[genre]), validate_only=True)
    before = await all_rows(database)
    dry = (await staff.catalog.CreateMovie(request)).movie
    assert await all_rows(database) == before
    assert (dry.title, list(dry.genre_ids), dry.id > 0) == ("Ran", [genre], True)
    request.validate_only = False
    created = (await staff.catalog.CreateMovie(request)).movie
    assert without_generated(created) == without_generated(dry)
    assert created.id != dry.id, "the id of the dry run is not reused"
    assert (await all_rows(database))["movies"] != before["movies"]


async def test_update_movie(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    genre = await add_genre(database, "Drama")
    request = movies_pb2.UpdateMovieRequest(
        id=movie_id, movie=Movie(title="Chaos", genre_ids=[genre]), validate_only=True
    )
    before = await all_rows(database)
    dry = (await staff.catalog.UpdateMovie(request)).movie
    assert await all_rows(database) == before
    request.validate_only = False
    changed = (await staff.catalog.UpdateMovie(request)).movie
    assert (changed.id, changed.etag, without_generated(changed)) == (dry.id, dry.etag, without_generated(dry))


async def test_delete_movie(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    await add_genre(database, "Drama", movie_id)
    await database.execute("INSERT INTO favorite_movies (user_id, movie_id) VALUES ($1, $2)", staff.user_id, movie_id)
    before = await all_rows(database)
    request = movies_pb2.DeleteMovieRequest(id=movie_id, validate_only=True)
    assert await staff.catalog.DeleteMovie(request) == movies_pb2.DeleteMovieResponse()
    assert await all_rows(database) == before


async def test_a_dry_run_is_refused_like_the_real_call(staff: Client, database: asyncpg.Connection) -> None:
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
    before = await all_rows(database)
    for rpc, request in calls:
        real = await refused(rpc(request))
        request.validate_only = True
        dry = await refused(rpc(request))
        assert (dry.code, dry.reason, dry.message, dry.fields) == (real.code, real.reason, real.message, real.fields)
    assert await all_rows(database) == before


async def test_a_dry_run_needs_the_same_permission(client: Client) -> None:
    request = movies_pb2.CreateMovieRequest(movie=Movie(title="x"), validate_only=True)
    for caller in (client, await client.registered()):
        assert (await refused(caller.catalog.CreateMovie(request))).code.name in {
            "UNAUTHENTICATED",
            "PERMISSION_DENIED",
        }


async def test_concurrent_dry_runs_do_not_conflict(staff: Client, database: asyncpg.Connection) -> None:
    request = movies_pb2.CreateMovieRequest(movie=Movie(title="Ran", tmdb_id=1), validate_only=True)
    answers = await asyncio.gather(*(staff.catalog.CreateMovie(request) for _ in range(20)))
    assert {answer.movie.tmdb_id for answer in answers} == {1}
    assert await database.fetchval("SELECT count(*) FROM movies") == 0


async def test_a_dry_run_does_not_use_up_its_request_id(staff: Client, database: asyncpg.Connection) -> None:
    request = movies_pb2.CreateMovieRequest(movie=Movie(title="Ran"), validate_only=True, request_id=str(uuid4()))
    before = await all_rows(database)
    dry_runs = [(await staff.catalog.CreateMovie(request)).movie for _ in range(2)]
    assert await all_rows(database) == before
    request.validate_only = False
    created = [(await staff.catalog.CreateMovie(request)).movie for _ in range(2)]
    assert created[0] == created[1]
    assert without_generated(dry_runs[0]) == without_generated(dry_runs[1]) == without_generated(created[0])
    assert await database.fetchval("SELECT count(*) FROM movies") == 1
    request.validate_only = True
    assert (await staff.catalog.CreateMovie(request)).movie == created[0], "like a repeat of the real call"
