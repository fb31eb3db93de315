"""A new image of the same file is a change of the movie, person or user that shows it."""

from __future__ import annotations

import asyncpg
import pytest
from marquee.catalog.v1 import movies_pb2
from marquee.media.v1 import media_pb2
from marquee.users.v1 import users_pb2

from tests.catalogue import add_movie, add_person
from tests.client import Client
from tests.media.uploads import register, reject, renditions, uploaded

CHANGES = "SELECT entity, entity_id, kind FROM catalog_changes ORDER BY id"
VERSIONS = "SELECT row_version FROM movies UNION ALL SELECT row_version FROM persons"


@pytest.fixture
def service(client: Client) -> Client:
    return client.as_service("media.register")


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


async def new_changes(database: asyncpg.Connection) -> list[tuple[str, int, str]]:
    """Returns the changes since the last call."""
    rows = [(row["entity"], row["entity_id"], row["kind"]) for row in await database.fetch(CHANGES)]
    await database.execute("DELETE FROM catalog_changes")
    return rows


@pytest.mark.parametrize("kind", ["POSTER", "BACKDROP", "PERSON_PHOTO"])
async def test_each_new_image_is_one_change_and_a_new_version(
    staff: Client, service: Client, database: asyncpg.Connection, kind: str
) -> None:
    entity = "person" if kind == "PERSON_PHOTO" else "movie"
    owner_id = await (add_person if entity == "person" else add_movie)(database)
    file = await uploaded(staff, kind, **{f"{entity}_id": owner_id})
    await new_changes(database)
    results = (
        (service.media.RegisterFile, register(file.key, "0A")),
        (service.media.RegisterFile, register(file.key, "0B", width=700)),
        (service.media.RegisterFile, register(file.key, "0C", width=700, renditions=renditions(file.key, [(92, 138)]))),
        (service.media.RejectFile, reject(file.key, "0D")),
        (service.media.RegisterFile, register(file.key, "0E")),
    )
    version = await database.fetchval(VERSIONS)
    for rpc, result in results:
        await rpc(result)
        assert await new_changes(database) == [(entity, owner_id, "updated")]
        raised = await database.fetchval(VERSIONS)
        assert raised > version
        version = raised
        await rpc(result)
        assert await new_changes(database) == [], "a repeat is no change"
        assert await database.fetchval(VERSIONS) == version


async def test_each_new_avatar_is_a_new_version_of_its_user(client: Client, service: Client) -> None:
    ada = await client.registered()
    file = await uploaded(ada)
    etags = [await etag_of(ada)]
    for rpc, result in (
        (service.media.RegisterFile, register(file.key, "0A")),
        (service.media.RegisterFile, register(file.key, "0B", width=700)),
        (service.media.RejectFile, reject(file.key, "0C")),
    ):
        await rpc(result)
        etags.append(await etag_of(ada))
        await rpc(result)
        assert await etag_of(ada) == etags[-1], "a repeat is no change"
    assert len(set(etags)) == len(etags)


async def etag_of(user: Client) -> str:
    answer: users_pb2.GetProfileResponse = await user.users.GetProfile(users_pb2.GetProfileRequest())
    return answer.user.etag


async def test_changed_renditions_are_a_change_by_any_writer(
    staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    file = await uploaded(staff, "POSTER", movie_id=movie_id)
    await service.media.RegisterFile(register(file.key))
    await new_changes(database)
    for statement in (
        "UPDATE file_renditions SET size_bytes = size_bytes + 1 WHERE width = 154",
        "DELETE FROM file_renditions WHERE width = 154",
        "DELETE FROM file_renditions",
    ):
        await database.execute(statement)
        assert await new_changes(database) == [("movie", movie_id, "updated")]


async def test_images_that_are_not_shown_cause_no_change(
    staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    old, new = [await uploaded(staff, "POSTER", movie_id=movie_id) for _ in range(2)]
    for file in (old, new):
        await service.media.RegisterFile(register(file.key))
    await new_changes(database)
    await service.media.RegisterFile(register((await uploaded(staff)).key))
    await staff.media.DeleteFile(media_pb2.DeleteFileRequest(id=old.id))
    await service.media.RejectFile(reject((await uploaded(staff, "BACKDROP", movie_id=movie_id)).key))
    assert await new_changes(database) == []


async def test_deleting_a_movie_with_images_is_one_change(
    client: Client, service: Client, database: asyncpg.Connection
) -> None:
    staff = await client.promoted(await client.registered())
    movie_id = await add_movie(database)
    for kind in ("POSTER", "BACKDROP"):
        await service.media.RegisterFile(register((await uploaded(staff, kind, movie_id=movie_id)).key))
    await new_changes(database)
    await staff.catalog.DeleteMovie(movies_pb2.DeleteMovieRequest(id=movie_id))
    assert await new_changes(database) == [("movie", movie_id, "deleted")]
