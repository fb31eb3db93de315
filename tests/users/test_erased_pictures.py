"""Images of an erased user in a local S3."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from marquee.users.v1 import users_pb2

from service.media.removal import LATE_ARRIVAL
from service.settings import Settings
from tests.catalogue import add_movie
from tests.client import PASSWORD
from tests.conftest import SettingsFactory
from tests.media.uploads import upload
from tests.object_storage import ObjectStorage
from tests.outage import Served, seconds_until, served

RIGHT = users_pb2.DeleteAccountRequest(current_password=PASSWORD)
PAST = "UPDATE files SET expires_at = now() - $1::interval"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def quick(make_settings: SettingsFactory, database_url: str) -> Settings:
    """Settings of a server that runs its housekeeping all the time."""
    return make_settings(database_url=database_url, housekeeping_interval=0.05)


@pytest.fixture
async def system(settings: Settings, objects: ObjectStorage) -> AsyncIterator[Served]:
    """A server with working storage, which runs no housekeeping."""
    async with served(settings, objects.storage) as running:
        yield running


async def test_every_version_and_rendition_is_deleted_at_once(system: Served, objects: ObjectStorage) -> None:
    user, other = await system.client.registered(), await system.client.registered()
    keys = []
    for owner in (user, user, other):
        answer = await owner.media.CreateUpload(upload())
        for data in (b"first", b"second"):
            objects.upload(answer, data)
        objects.render(answer.file.key)
        keys.append(answer.file.key)
    objects.s3.delete_object(Bucket="marquee-uploads", Key=keys[1])
    assert [len(objects.left(key)) for key in keys] == [4, 5, 4], "two versions each, a delete marker, two renditions"
    await user.users.DeleteAccount(RIGHT)
    assert [len(objects.left(key)) for key in keys] == [0, 0, 4]


async def test_objects_with_a_longer_key_of_the_same_prefix_stay(system: Served, objects: ObjectStorage) -> None:
    user = await system.client.registered()
    answer = await user.media.CreateUpload(upload())
    neighbour = f"{answer.file.key}0"
    objects.s3.put_object(Bucket="marquee-uploads", Key=neighbour, Body=b"another's")
    objects.render(neighbour)
    await user.users.DeleteAccount(RIGHT)
    assert len(objects.left(neighbour)) == 3


async def test_catalogue_images_that_an_erased_user_uploaded_stay(
    system: Served, objects: ObjectStorage, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    staff = await system.client.promoted(await system.client.registered())
    answer = await staff.media.CreateUpload(upload("POSTER", movie_id=movie_id))
    objects.upload(answer)
    objects.render(answer.file.key)
    await staff.users.DeleteAccount(RIGHT)
    assert len(objects.left(answer.file.key)) == 3


async def test_an_image_uploaded_after_the_erasure_is_removed_when_its_form_has_expired(
    system: Served, objects: ObjectStorage, database: asyncpg.Connection, quick: Settings
) -> None:
    user = await system.client.registered()
    answer = await user.media.CreateUpload(upload())
    await user.users.DeleteAccount(RIGHT)
    objects.upload(answer)
    objects.render(answer.file.key)
    other = await (await system.client.registered()).media.CreateUpload(upload())
    objects.upload(other)
    async with served(quick, objects.storage):
        await database.execute(f"{PAST} WHERE id = $2", LATE_ARRIVAL + MINUTE, answer.file.id)

        async def is_gone() -> bool:
            return bool(await database.fetchval("SELECT count(*) FROM files WHERE id = $1", answer.file.id) == 0)

        await seconds_until(is_gone)
    assert objects.left(answer.file.key) == []
    assert len(objects.left(other.file.key)) == 1


async def test_the_storage_location_is_remembered_while_the_form_is_valid(
    system: Served, objects: ObjectStorage, database: asyncpg.Connection, quick: Settings
) -> None:
    user = await system.client.registered()
    late, ended = [await user.media.CreateUpload(upload()) for _ in range(2)]
    await user.users.DeleteAccount(RIGHT)
    await database.execute(f"{PAST} WHERE id = $2", LATE_ARRIVAL - MINUTE, late.file.id)
    await database.execute(f"{PAST} WHERE id = $2", LATE_ARRIVAL + MINUTE, ended.file.id)
    async with served(quick, objects.storage):

        async def is_swept() -> bool:
            return bool(await database.fetchval("SELECT count(*) FROM files") == 1)

        await seconds_until(is_swept)
    assert await database.fetchval("SELECT key FROM files") == late.file.key


async def test_unavailable_storage_delays_no_erasure_and_is_swept_later(
    system: Served, objects: ObjectStorage, database: asyncpg.Connection, quick: Settings
) -> None:
    user = await system.client.registered()
    answer = await user.media.CreateUpload(upload())
    objects.upload(answer)
    objects.render(answer.file.key)
    objects.aws.stop()
    try:
        await user.users.DeleteAccount(RIGHT)
        assert await database.fetchval("SELECT count(*) FROM users") == 0
        updated_at = await database.fetchval(f"{PAST} RETURNING updated_at", LATE_ARRIVAL + MINUTE)
        async with served(quick, objects.storage):

            async def was_tried() -> bool:
                return bool(await database.fetchval("SELECT updated_at FROM files") > updated_at)

            await seconds_until(was_tried)
            assert await database.fetchval("SELECT state FROM files") == "deleted"
            objects.aws.start()

            async def is_gone() -> bool:
                return bool(await database.fetchval("SELECT count(*) FROM files") == 0)

            await seconds_until(is_gone)
        assert objects.left(answer.file.key) == []
    finally:
        if not objects.aws.is_running:
            objects.aws.start()
