"""Deletion of files: who may delete, that it is final, and which image an owner shows afterwards."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import people_pb2
from marquee.media.v1 import media_pb2
from marquee.users.v1 import users_pb2

from tests.catalogue import add_movie, add_person
from tests.client import Client, refused
from tests.media.uploads import begin, register, uploaded

Delete, Get = media_pb2.DeleteFileRequest, media_pb2.GetFileRequest
DELETED = media_pb2.FILE_STATE_DELETED


@pytest.fixture
def service(client: Client) -> Client:
    return client.as_service("media.register")


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


async def test_a_deleted_avatar_is_not_shown_and_stays_deleted(client: Client, service: Client) -> None:
    ada = await client.registered()
    file = await uploaded(ada)
    await service.media.RegisterFile(register(file.key))
    for _ in range(2):
        await ada.media.DeleteFile(Delete(id=file.id))
    left = (await ada.media.GetFile(Get(id=file.id))).file
    assert (left.state, left.url, left.HasField("image"), left.sha256) == (DELETED, "", False, b"")
    assert not (await ada.users.GetProfile(users_pb2.GetProfileRequest())).user.HasField("avatar")
    assert not (await service.media.BeginFile(begin(file.key, "0B"))).proceed
    assert (await service.media.RegisterFile(register(file.key, "0B"))).file.state == DELETED
    request = users_pb2.UpdateProfileRequest(avatar_file_id=file.id)
    request.update_mask.paths.append("avatar_file_id")
    refusal = await refused(ada.users.UpdateProfile(request))
    assert refusal.reason == "FILE_NOT_FOUND", "it cannot be used again"


async def test_deleting_a_file_of_another_user_returns_not_found(client: Client, staff: Client) -> None:
    ada, bob = await client.registered(), await client.registered()
    file = await uploaded(ada)
    hidden = await refused(bob.media.DeleteFile(Delete(id=file.id)))
    absent = await refused(bob.media.DeleteFile(Delete(id=file.id + 1)))
    assert (hidden.code, hidden.reason) == (absent.code, absent.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")
    assert (await ada.media.GetFile(Get(id=file.id))).file == file
    await staff.media.DeleteFile(Delete(id=file.id))
    assert (await ada.media.GetFile(Get(id=file.id))).file.state == DELETED


async def test_a_deleted_file_is_detached_from_its_movie_or_person(
    staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    movie_id, person_id = await add_movie(database), await add_person(database)
    poster = await uploaded(staff, "POSTER", movie_id=movie_id)
    backdrop = await uploaded(staff, "BACKDROP", movie_id=movie_id)
    photos = [await uploaded(staff, "PERSON_PHOTO", person_id=person_id) for _ in range(3)]
    for file in (poster, backdrop, *photos):
        await service.media.RegisterFile(register(file.key))
    for file in (poster, photos[0]):
        await staff.media.DeleteFile(Delete(id=file.id))
    row = await database.fetchrow("SELECT poster_id, backdrop_id FROM movies")
    assert row is not None
    assert tuple(row) == (None, backdrop.id)
    assert await database.fetchval("SELECT primary_photo_id FROM persons") == photos[1].id, "the oldest of the others"
    listed = await staff.catalog.ListPersonPhotos(people_pb2.ListPersonPhotosRequest(person_id=person_id))
    assert [photo.image.file_id for photo in listed.photos] == [photos[1].id, photos[2].id]
    actions = await database.fetch("SELECT action, resource FROM audit_log WHERE action = 'files.delete' ORDER BY id")
    assert [row["resource"] for row in actions] == [f"files/{poster.id}", f"files/{photos[0].id}"]


async def test_deleting_a_poster_changes_the_version_of_its_movie(
    staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    file = await uploaded(staff, "POSTER", movie_id=movie_id)
    await service.media.RegisterFile(register(file.key))
    version = await database.fetchval("SELECT row_version FROM movies")
    await staff.media.DeleteFile(Delete(id=file.id))
    assert await database.fetchval("SELECT row_version FROM movies") > version


async def test_validate_only_deletes_nothing_and_a_repeated_request_succeeds(
    client: Client, service: Client, database: asyncpg.Connection
) -> None:
    ada = await client.registered()
    file = await uploaded(ada)
    registered = (await service.media.RegisterFile(register(file.key))).file
    await ada.media.DeleteFile(Delete(id=file.id, validate_only=True))
    assert (await ada.media.GetFile(Get(id=file.id))).file == registered
    request = Delete(id=file.id, request_id=str(uuid4()))
    await ada.media.DeleteFile(request)
    await database.execute("DELETE FROM files")
    await ada.media.DeleteFile(request)
    assert (await refused(ada.media.DeleteFile(Delete(id=file.id)))).reason == "FILE_NOT_FOUND"
