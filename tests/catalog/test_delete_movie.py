"""DeleteMovie: rows that are deleted with it, rows that stay, and concurrent writers."""

from __future__ import annotations

from typing import Any

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movies_pb2
from marquee.media.v1 import media_pb2

from tests.catalogue import add_genre, add_movie, add_person
from tests.client import Client, refused
from tests.outage import seconds_until

GOES = ("movie_genres", "movie_characters", "favorite_movies", "watchlist_items", "movie_ratings", "movie_stats")
STAYS = ("genres", "characters", "persons", "files")


@pytest.fixture
async def staff(client: Client) -> Client:
    return await client.promoted(await client.registered())


async def delete(staff: Client, movie_id: int, etag: str = "") -> Any:
    return await staff.catalog.DeleteMovie(movies_pb2.DeleteMovieRequest(id=movie_id, etag=etag))


async def kept_movie(staff: Client, database: asyncpg.Connection, title: str) -> int:
    """Adds a movie with a cast, a genre and an image, in all lists of a user."""
    movie_id = await add_movie(database, title, director_id=await add_person(database))
    await add_genre(database, title, movie_id)
    await database.execute(
        "WITH c AS (INSERT INTO characters (name) VALUES ('Hero') RETURNING id)"
        " INSERT INTO movie_characters (movie_id, character_id, person_id) SELECT $1, c.id, $2 FROM c",
        movie_id,
        await add_person(database),
    )
    for table, column, value in (("favorite_movies", "", ""), ("watchlist_items", "", ""),
                                 ("movie_ratings", ", rating", ", 4")):  # fmt: skip
        await database.execute(
            f"INSERT INTO {table} (user_id, movie_id{column}) VALUES ($1, $2{value})",  # noqa: S608 - our own names
            staff.user_id,
            movie_id,
        )
    await staff.media.CreateUpload(
        media_pb2.CreateUploadRequest(
            kind=media_pb2.FILE_KIND_POSTER,
            movie_id=movie_id,
            file_name="a.png",
            content_type="image/png",
            size_bytes=1000,
        )
    )
    return movie_id


async def counts(database: asyncpg.Connection, *tables: str) -> dict[str, int]:
    return {table: await database.fetchval(f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608 - as above


async def test_owned_rows_are_deleted_and_other_rows_stay(staff: Client, database: asyncpg.Connection) -> None:
    gone, stayed = [await kept_movie(staff, database, title) for title in ("Ran", "Kagemusha")]
    before = await counts(database, *STAYS)
    await delete(staff, gone)
    assert await counts(database, *STAYS) == before
    assert await counts(database, *GOES) == dict.fromkeys(GOES, 1)
    assert await database.fetchval("SELECT movie_id FROM favorite_movies") == stayed
    assert (await refused(staff.catalog.GetMovie(movies_pb2.GetMovieRequest(id=gone)))).reason == "MOVIE_NOT_FOUND"
    assert (await staff.catalog.GetMovie(movies_pb2.GetMovieRequest(id=stayed))).movie.rating.count == 1


async def test_images_of_a_deleted_movie_are_removed_by_the_sweep(staff: Client, database: asyncpg.Connection) -> None:
    gone, stayed = [await kept_movie(staff, database, title) for title in ("Ran", "Kagemusha")]
    files = {row["movie_id"]: row["id"] for row in await database.fetch("SELECT movie_id, id FROM files")}
    for number, file_id in enumerate(files.values()):
        await database.execute(
            "UPDATE files SET state = 'ready', sha256 = $2, width = 1, height = 1 WHERE id = $1", file_id, bytes(32)
        )
        await database.execute(
            "INSERT INTO file_renditions (file_id, format, width, height, size_bytes, sha256, key)"
            " VALUES ($1, 'webp', 1, 1, 1, $2, $3)",
            file_id,
            bytes(32),
            str(number),
        )
    await delete(staff, gone)
    states = {row["id"]: row["state"] for row in await database.fetch("SELECT id, state FROM files")}
    assert states == {files[gone]: "deleted", files[stayed]: "ready"}
    assert await database.fetchval("SELECT file_id FROM file_renditions") == files[stayed]


async def test_a_second_call_finds_no_movie(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    await delete(staff, movie_id)
    refusal = await refused(delete(staff, movie_id))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")


async def test_a_stale_etag_deletes_nothing(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    first = (await staff.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie.etag
    await database.execute("UPDATE movies SET title = 'Another'")
    refusal = await refused(delete(staff, movie_id, first))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_STALE")

    async def is_invalidated() -> bool:
        movie = (await staff.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie
        return bool(movie.etag != first)

    await seconds_until(is_invalidated)
    second = (await staff.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie.etag
    await delete(staff, movie_id, second)
    assert await counts(database, "movies") == {"movies": 0}


async def test_only_staff_can_delete_movies(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    for asked in (movie_id, movie_id + 1):
        assert (await refused(delete(client, asked))).code is grpc.StatusCode.UNAUTHENTICATED
        assert (await refused(delete(await client.registered(), asked))).code is grpc.StatusCode.PERMISSION_DENIED
    assert await counts(database, "movies") == {"movies": 1}


async def test_the_write_is_in_the_audit_log(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    await delete(staff, movie_id)
    row = await database.fetchrow("SELECT * FROM audit_log WHERE action = 'movies.delete'")
    assert row is not None
    assert (row["resource"], row["actor_user_id"]) == (f"movies/{movie_id}", staff.user_id)
    assert row["detail"] == '{"title": "Ran"}'
