"""Photos of people: list, primary photo, removal."""

from __future__ import annotations

import asyncio

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import people_pb2, person_pb2

from tests.catalogue import add_person
from tests.client import Client, refused
from tests.media.uploads import register, reject, uploaded
from tests.queries import QueryCount

Photos = people_pb2.ListPersonPhotosRequest
SetPrimary = people_pb2.SetPrimaryPhotoRequest
Remove = people_pb2.RemovePersonPhotoRequest


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


async def photographed(staff: Client, database: asyncpg.Connection, count: int = 3) -> tuple[int, list[int]]:
    """Creates a person with photos, of which the first is primary; returns the ids."""
    person_id = await add_person(database)
    files = [await uploaded(staff, "PERSON_PHOTO", person_id=person_id) for _ in range(count)]
    for file in files:
        await staff.as_service("media.register").media.RegisterFile(register(file.key))
    return person_id, [file.id for file in files]


async def photos(client: Client, person_id: int) -> list[person_pb2.PersonPhoto]:
    answer: people_pb2.ListPersonPhotosResponse = await client.catalog.ListPersonPhotos(Photos(person_id=person_id))
    return list(answer.photos)


async def primary(client: Client, person_id: int) -> int:
    person = (await client.catalog.GetPerson(people_pb2.GetPersonRequest(id=person_id))).person
    return int(person.primary_photo.file_id)


async def test_the_primary_photo_comes_first_then_the_oldest(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    person_id, files = await photographed(staff, database)
    listed = await photos(client, person_id)
    assert [(photo.file_id, photo.is_primary) for photo in listed] == [
        (files[0], True), (files[1], False), (files[2], False),
    ]  # fmt: skip
    assert all(photo.image.file_id == photo.file_id and photo.image.url for photo in listed)
    answer = await staff.catalog.SetPrimaryPhoto(SetPrimary(person_id=person_id, file_id=files[2]))
    assert answer.person.primary_photo.file_id == files[2] == await primary(client, person_id)
    assert [photo.file_id for photo in await photos(client, person_id)] == [files[2], files[0], files[1]]
    listed_persons = (await client.catalog.ListPersons(people_pb2.ListPersonsRequest(has_photo=True))).persons
    assert [person.primary_photo.file_id for person in listed_persons] == [files[2]]


async def test_choosing_the_primary_photo_again_changes_nothing(staff: Client, database: asyncpg.Connection) -> None:
    person_id, files = await photographed(staff, database)
    request = SetPrimary(person_id=person_id, file_id=files[1])
    assert await staff.catalog.SetPrimaryPhoto(request) == await staff.catalog.SetPrimaryPhoto(request)


async def test_one_of_concurrent_choices_becomes_primary(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    person_id, files = await photographed(staff, database, 5)
    await asyncio.gather(
        *(staff.catalog.SetPrimaryPhoto(SetPrimary(person_id=person_id, file_id=file_id)) for file_id in files * 4)
    )
    chosen = [photo.file_id for photo in await photos(client, person_id) if photo.is_primary]
    assert chosen == [await primary(client, person_id)]


async def test_the_oldest_remaining_photo_becomes_primary_after_a_removal(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    person_id, files = await photographed(staff, database)
    await staff.catalog.RemovePersonPhoto(Remove(person_id=person_id, file_id=files[0]))
    assert await primary(client, person_id) == files[1]
    await staff.catalog.RemovePersonPhoto(Remove(person_id=person_id, file_id=files[2]))
    assert await primary(client, person_id) == files[1]
    await staff.catalog.RemovePersonPhoto(Remove(person_id=person_id, file_id=files[1]))
    assert await photos(client, person_id) == []
    assert await primary(client, person_id) == 0


async def test_a_removed_photo_is_deleted(staff: Client, database: asyncpg.Connection) -> None:
    person_id, files = await photographed(staff, database)
    await staff.catalog.RemovePersonPhoto(Remove(person_id=person_id, file_id=files[0]))
    states = await database.fetch("SELECT state FROM files ORDER BY id")
    assert [row["state"] for row in states] == ["deleted", "ready", "ready"]
    assert await database.fetchval("SELECT count(*) FROM file_renditions WHERE file_id = $1", files[0]) == 0
    key = await database.fetchval("SELECT key FROM files WHERE id = $1", files[0])
    await staff.as_service("media.register").media.RegisterFile(register(key, "0F"))
    assert await database.fetchval("SELECT state FROM files WHERE id = $1", files[0]) == "deleted"


async def test_photos_are_deleted_with_their_person_but_not_in_a_dry_run(
    staff: Client, database: asyncpg.Connection
) -> None:
    person_id, _ = await photographed(staff, database)
    await uploaded(staff, "PERSON_PHOTO", person_id=person_id)
    other, _ = await photographed(staff, database, 1)
    for validate_only, state in ((True, ["ready"] * 3 + ["pending"]), (False, ["deleted"] * 4)):
        await staff.catalog.DeletePerson(people_pb2.DeletePersonRequest(id=person_id, validate_only=validate_only))
        rows = await database.fetch("SELECT state FROM files ORDER BY id")
        assert [row["state"] for row in rows] == [*state, "ready"]
    assert await primary(staff, other)


async def test_a_photo_of_another_person_is_not_found(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    person_id, _ = await photographed(staff, database, 1)
    other_id, others = await photographed(staff, database, 1)
    avatar = await uploaded(staff)
    for file_id in (others[0], avatar.id, 9999):
        for call in (
            staff.catalog.SetPrimaryPhoto(SetPrimary(person_id=person_id, file_id=file_id)),
            staff.catalog.RemovePersonPhoto(Remove(person_id=person_id, file_id=file_id)),
        ):
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "PHOTO_NOT_FOUND")
    assert len(await photos(client, person_id)) == len(await photos(client, other_id)) == 1
    assert not await database.fetchval("SELECT count(*) FROM files WHERE state = 'deleted'")


async def test_a_photo_that_is_rejected_later_is_listed_without_an_image(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    person_id, files = await photographed(staff, database, 1)
    key = await database.fetchval("SELECT key FROM files WHERE id = $1", files[0])
    await staff.as_service("media.register").media.RejectFile(reject(key, "0B"))
    assert [(photo.file_id, photo.HasField("image")) for photo in await photos(client, person_id)] == [
        (files[0], False)
    ]
    await staff.catalog.RemovePersonPhoto(Remove(person_id=person_id, file_id=files[0]))
    assert await database.fetchval("SELECT state FROM files WHERE id = $1", files[0]) == "deleted"


async def test_any_number_of_photos_needs_the_same_number_of_queries(
    client: Client, staff: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    counts = []
    for count in (1, 4):
        person_id, _ = await photographed(staff, database, count)
        with queries.counted() as counted:
            await photos(client, person_id)
        counts.append(counted.total)
    assert counts == [4, 4]


async def test_the_audit_log_names_the_actors(staff: Client, database: asyncpg.Connection) -> None:
    person_id, files = await photographed(staff, database)
    await staff.catalog.SetPrimaryPhoto(SetPrimary(person_id=person_id, file_id=files[1]))
    await staff.catalog.RemovePersonPhoto(Remove(person_id=person_id, file_id=files[1]))
    rows = await database.fetch(
        "SELECT action, resource, actor_user_id, detail FROM audit_log WHERE action LIKE 'persons.%' ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        (f"persons.{act}", f"persons/{person_id}", staff.user_id, f'{{"file_id": {files[1]}}}')
        for act in ("set_primary_photo", "remove_photo")
    ]
