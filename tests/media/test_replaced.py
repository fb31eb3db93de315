"""Replaced images: those that are no longer shown are collected after a day, and shown ones never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from marquee.media.v1 import media_pb2
from marquee.users.v1 import users_pb2

from service.database import orm
from service.media.removal import FileRemoval
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.catalogue import add_movie, add_person
from tests.client import Client
from tests.media.uploads import register, uploaded

A_DAY_PASSES = "UPDATE released_files SET released_at = released_at - interval '25 hours'"
LEFT = "SELECT id FROM files WHERE state = 'ready' ORDER BY id"


@pytest.fixture
def service(client: Client) -> Client:
    return client.as_service("media.register")


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


@pytest.fixture
async def removal(settings: Settings, storage: S3UploadStorage) -> AsyncIterator[FileRemoval]:
    async with orm.connected(settings):
        yield FileRemoval(storage=storage)


async def collected(removal: FileRemoval, database: asyncpg.Connection) -> list[int]:
    """Lets a day pass and collects; returns the ids of the remaining files."""
    await database.execute(A_DAY_PASSES)
    while await removal.collect_replaced():
        pass
    return [row["id"] for row in await database.fetch(LEFT)]


async def registered(service: Client, caller: Client, kind: str = "AVATAR", **owner: int) -> media_pb2.File:
    """Uploads and registers a picture."""
    file = await uploaded(caller, kind, **owner)
    answer: media_pb2.RegisterFileResponse = await service.media.RegisterFile(register(file.key))
    return answer.file


async def choose(user: Client, file_id: int) -> None:
    """Sets the avatar of a user; 0 removes it."""
    request = users_pb2.UpdateProfileRequest(avatar_file_id=file_id)
    request.update_mask.paths.append("avatar_file_id")
    await user.users.UpdateProfile(request)


@pytest.mark.parametrize("kind", ["AVATAR", "POSTER", "BACKDROP"])
async def test_a_replaced_image_is_collected_and_its_replacement_stays(
    staff: Client, service: Client, database: asyncpg.Connection, removal: FileRemoval, kind: str
) -> None:
    owner = {} if kind == "AVATAR" else {"movie_id": await add_movie(database)}
    old, new = [await registered(service, staff, kind, **owner) for _ in range(2)]
    assert await removal.collect_replaced() == 0, "cached pages still show it for a while"
    assert await collected(removal, database) == [new.id]
    gone = (await staff.media.GetFile(media_pb2.GetFileRequest(id=old.id))).file
    assert gone.state == media_pb2.FILE_STATE_DELETED
    assert await database.fetchval("SELECT count(*) FROM file_renditions WHERE file_id = $1", old.id) == 0
    assert await database.fetchval("SELECT count(*) FROM released_files") == 0
    assert await collected(removal, database) == [new.id]


async def test_of_concurrently_registered_posters_one_is_shown_and_the_others_are_collected(
    staff: Client, service: Client, database: asyncpg.Connection, removal: FileRemoval
) -> None:
    movie_id = await add_movie(database)
    files = [await uploaded(staff, "POSTER", movie_id=movie_id) for _ in range(8)]
    await asyncio.gather(*(service.media.RegisterFile(register(file.key)) for file in files))
    shown = await database.fetchval("SELECT poster_id FROM movies")
    assert shown in {file.id for file in files}
    assert await collected(removal, database) == [shown]


async def test_an_image_that_its_owner_selects_again_stays(
    client: Client, service: Client, database: asyncpg.Connection, removal: FileRemoval
) -> None:
    ada = await client.registered()
    first, second = [await registered(service, ada) for _ in range(2)]
    await choose(ada, first.id)
    assert await collected(removal, database) == [first.id]
    await choose(ada, 0)
    assert await collected(removal, database) == []
    assert second.id != first.id


async def test_photos_of_a_person_stay_and_images_without_an_owner_are_collected(
    staff: Client, service: Client, database: asyncpg.Connection, removal: FileRemoval
) -> None:
    person_id, movie_id = await add_person(database), await add_movie(database)
    photos = [(await registered(service, staff, "PERSON_PHOTO", person_id=person_id)).id for _ in range(3)]
    orphan = await uploaded(staff, "POSTER", movie_id=movie_id)
    await database.execute("DELETE FROM movies")
    await service.media.RegisterFile(register(orphan.key))
    assert await collected(removal, database) == photos
    await database.execute("DELETE FROM person_photos WHERE file_id = $1", photos[1])
    assert await collected(removal, database) == [photos[0], photos[2]]
    await database.execute("DELETE FROM persons")
    assert await collected(removal, database) == []


async def test_an_image_that_is_selected_during_the_collection_stays(
    client: Client, service: Client, database: asyncpg.Connection, removal: FileRemoval
) -> None:
    """The transaction that selects the image is not committed yet."""
    ada = await client.registered()
    old, _ = [await registered(service, ada) for _ in range(2)]
    await database.execute(A_DAY_PASSES)
    async with database.transaction():
        await database.execute("UPDATE users SET avatar_id = $1 WHERE id = $2", old.id, ada.user_id)
        await removal.collect_replaced()
    assert old.id in await collected(removal, database)


async def test_concurrent_selection_and_collection_leave_no_deleted_avatar(
    client: Client, service: Client, database: asyncpg.Connection, removal: FileRemoval
) -> None:
    users = [await client.registered() for _ in range(6)]
    old = [(await registered(service, user)).id for user in users]
    for user in users:
        await registered(service, user)
    await database.execute(A_DAY_PASSES)

    async def collect() -> None:
        for _ in range(4):
            await removal.collect_replaced()

    choices = (choose(user, file_id) for user, file_id in zip(users, old, strict=True))
    await asyncio.gather(collect(), *choices, return_exceptions=True)
    shown = await database.fetch("SELECT f.state FROM users AS u JOIN files AS f ON f.id = u.avatar_id")
    assert {row["state"] for row in shown} == {"ready"}
    assert len(shown) == len(users)
