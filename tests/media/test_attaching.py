"""Registered images are attached to their owner."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from marquee.catalog.v1 import movie_pb2, movies_pb2
from marquee.users.v1 import users_pb2

from tests.catalogue import add_movie, add_person
from tests.client import Client
from tests.media.uploads import register, reject, uploaded, version
from tests.queries import QueryCount


@pytest.fixture
def service(client: Client) -> Client:
    return client.as_service("media.register")


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


async def the_movie(client: Client, movie_id: int) -> movie_pb2.Movie:
    answer: movies_pb2.GetMovieResponse = await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))
    return answer.movie


async def photos(database: asyncpg.Connection) -> list[tuple[int, bool]]:
    rows = await database.fetch("SELECT file_id, is_primary FROM person_photos ORDER BY file_id")
    return [(row["file_id"], row["is_primary"]) for row in rows]


async def test_an_avatar_belongs_to_its_uploader(client: Client, service: Client) -> None:
    ada, bob = await client.registered(), await client.registered()
    file = await uploaded(ada)
    assert not (await ada.users.GetProfile(users_pb2.GetProfileRequest())).user.HasField("avatar")
    image = (await service.media.RegisterFile(register(file.key))).file.image
    assert (await ada.users.GetProfile(users_pb2.GetProfileRequest())).user.avatar == image
    assert not (await bob.users.GetProfile(users_pb2.GetProfileRequest())).user.HasField("avatar")


@pytest.mark.parametrize(("kind", "field"), [("POSTER", "poster"), ("BACKDROP", "backdrop")])
async def test_posters_and_backdrops_belong_to_their_movie(
    client: Client, staff: Client, service: Client, database: asyncpg.Connection, kind: str, field: str
) -> None:
    movie_id, other = await add_movie(database), await add_movie(database)
    etag = (await the_movie(client, movie_id)).etag
    first, second = [await uploaded(staff, kind, movie_id=movie_id) for _ in range(2)]
    for file in (first, second):
        image = (await service.media.RegisterFile(register(file.key))).file.image
        movie = await the_movie(client, movie_id)
        assert getattr(movie, field) == image, "the one registered last"
        assert movie.HasField("poster") != movie.HasField("backdrop")
    assert movie.etag != etag
    assert not (await the_movie(client, other)).HasField("poster")
    listed = (await client.catalog.ListMovies(movies_pb2.ListMoviesRequest(order_by="id"))).movies
    assert getattr(listed[0], field) == image


async def test_a_poster_that_is_processed_again_does_not_replace_a_newer_one(
    client: Client, staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    first, second = [await uploaded(staff, "POSTER", movie_id=movie_id) for _ in range(2)]
    for file in (first, second):
        await service.media.RegisterFile(register(file.key))
    shown = (await the_movie(client, movie_id)).poster
    again = (await service.media.RegisterFile(register(first.key, "0B"))).file.image
    assert (await the_movie(client, movie_id)).poster == shown != again
    # Another object version under the same key is another image.
    await service.media.RegisterFile(register(first.key, object=version(first.key, "0C", version_id="v2")))
    assert (await the_movie(client, movie_id)).poster == again


async def test_a_rejected_poster_is_detached_from_its_movie(
    client: Client, staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    file = await uploaded(staff, "POSTER", movie_id=movie_id)
    await service.media.RegisterFile(register(file.key, "0A"))
    await service.media.RejectFile(reject(file.key, "0B"))
    assert not (await the_movie(client, movie_id)).HasField("poster")


async def test_the_first_photo_of_a_person_is_primary_and_the_second_not(
    staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    person_id = await add_person(database)
    first, second = [await uploaded(staff, "PERSON_PHOTO", person_id=person_id) for _ in range(2)]
    await service.media.RegisterFile(register(second.key))
    await service.media.RegisterFile(register(first.key))
    assert await photos(database) == [(first.id, False), (second.id, True)]
    assert await database.fetchval("SELECT primary_photo_id FROM persons") == second.id
    await service.media.RegisterFile(register(first.key, "0B"))
    assert await photos(database) == [(first.id, False), (second.id, True)], "no second row for a newer version"


async def test_one_of_several_concurrently_registered_photos_is_primary(
    staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    person_id = await add_person(database)
    files = [await uploaded(staff, "PERSON_PHOTO", person_id=person_id) for _ in range(8)]
    await asyncio.gather(*(service.media.RegisterFile(register(file.key)) for file in files for _ in range(2)))
    attached = await photos(database)
    assert [file_id for file_id, _ in attached] == [file.id for file in files]
    assert sum(is_primary for _, is_primary in attached) == 1


async def test_a_deleted_owner_causes_no_error(
    client: Client, staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    files = [
        await uploaded(await client.registered()),
        await uploaded(staff, "POSTER", movie_id=await add_movie(database)),
        await uploaded(staff, "PERSON_PHOTO", person_id=await add_person(database)),
    ]
    await database.execute("DELETE FROM movies; DELETE FROM persons; DELETE FROM users")
    for file in files:
        assert (await service.media.RegisterFile(register(file.key))).file.HasField("image")
    assert await photos(database) == []


async def test_pages_of_movies_with_images_of_any_size_need_the_same_number_of_queries(
    client: Client, staff: Client, service: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    for _ in range(6):
        movie_id = await add_movie(database)
        for kind in ("POSTER", "BACKDROP"):
            file = await uploaded(staff, kind, movie_id=movie_id)
            await service.media.RegisterFile(register(file.key))
    counts = []
    for size in (1, 6):
        with queries.counted() as counted:
            page = await client.catalog.ListMovies(movies_pb2.ListMoviesRequest(page_size=size))
        assert len(page.movies) == size
        assert all(movie.HasField("poster") and movie.HasField("backdrop") for movie in page.movies)
        counts.append(counted.total)
    assert counts[0] == counts[1] <= 8
