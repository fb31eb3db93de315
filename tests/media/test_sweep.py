"""The sweep: files without an upload expire, and images that are no longer shown are deleted with their objects."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from marquee.media.v1 import media_pb2

from service.media.removal import FileRemoval
from service.media.storage import S3UploadStorage
from service.media.sweeping import BATCH, Sweep
from service.settings import Settings
from tests.client import Client
from tests.media.uploads import register, upload, uploaded
from tests.object_storage import ObjectStorage
from tests.processes import run, variables_of

PENDING, READY = media_pb2.FILE_STATE_PENDING, media_pb2.FILE_STATE_READY
EXPIRED = media_pb2.FILE_STATE_EXPIRED


@pytest.fixture(scope="session")
def storage(objects: ObjectStorage) -> S3UploadStorage:
    """Storage that accepts uploads."""
    return objects.storage


@pytest.fixture
def sweep(storage: S3UploadStorage) -> Sweep:
    return Sweep(removal=FileRemoval(storage=storage))


async def state(caller: Client, file: media_pb2.File) -> int:
    answer: media_pb2.GetFileResponse = await caller.media.GetFile(media_pb2.GetFileRequest(id=file.id))
    return answer.file.state


async def avatar(user: Client, objects: ObjectStorage) -> media_pb2.File:
    """Creates a READY avatar with its objects, which replaces the previous one."""
    answer: media_pb2.CreateUploadResponse = await user.media.CreateUpload(upload())
    await asyncio.to_thread(objects.upload, answer)
    objects.render(answer.file.key)
    await user.as_service("media.register").media.RegisterFile(register(answer.file.key))
    return answer.file


async def age(database: asyncpg.Connection) -> None:
    """Moves all times two days into the past."""
    await database.execute("UPDATE files SET expires_at = expires_at - interval '2 days'")
    await database.execute("UPDATE released_files SET released_at = released_at - interval '2 days'")


async def test_an_upload_expires_when_its_form_is_no_longer_valid(
    client: Client, database: asyncpg.Connection, sweep: Sweep
) -> None:
    user = await client.registered()
    file = await uploaded(user)
    for minutes, expected in ((1, PENDING), (14, PENDING), (16, EXPIRED)):
        await database.execute("UPDATE files SET expires_at = now() - make_interval(mins => $1)", minutes)
        await sweep.sweep()
        assert await state(user, file) == expected
    assert (await sweep.sweep()).expired == 0


@pytest.mark.usefixtures("client")
async def test_concurrent_sweeps_share_the_work(database: asyncpg.Connection, sweep: Sweep) -> None:
    count = BATCH + 50
    await database.execute(
        "INSERT INTO files (kind, file_name, mime_type, bucket, key, size_bytes, expires_at)"
        " SELECT 'avatar', 'p', 'image/png', 'b', n::text, 1, now() - interval '1 day'"
        " FROM generate_series(1, $1) AS n",
        count,
    )
    swept = await asyncio.gather(*(sweep.sweep() for _ in range(3)))
    assert sum(one.expired for one in swept) == count
    assert await database.fetchval("SELECT count(*) FROM files WHERE state = 'expired'") == count


async def test_a_replaced_image_is_deleted_with_its_objects_and_its_successor_stays(
    client: Client, database: asyncpg.Connection, sweep: Sweep, objects: ObjectStorage
) -> None:
    user = await client.registered()
    first, second = await avatar(user, objects), await avatar(user, objects)
    await sweep.sweep()
    assert await state(user, first) == READY, "pages that show it may still fetch it"
    await age(database)
    swept = await sweep.sweep()
    assert swept.removed == 1
    assert objects.left(first.key) == []
    assert len(objects.left(second.key)) == 3
    assert await database.fetchval("SELECT avatar_id FROM users WHERE id = $1", user.user_id) == second.id
    again = await sweep.sweep()
    assert (again.expired, again.checked, again.removed) == (0, 0, 0)


async def test_an_image_that_is_shown_again_stays(
    client: Client, database: asyncpg.Connection, sweep: Sweep, objects: ObjectStorage
) -> None:
    user = await client.registered()
    first, second = await avatar(user, objects), await avatar(user, objects)
    await database.execute("UPDATE users SET avatar_id = $1 WHERE id = $2", first.id, user.user_id)
    await age(database)
    assert (await sweep.sweep()).removed == 1
    assert len(objects.left(first.key)) == 3
    assert objects.left(second.key) == []


async def test_the_command_reports_its_result(
    client: Client, database: asyncpg.Connection, settings: Settings, objects: ObjectStorage
) -> None:
    await uploaded(await client.registered())
    await age(database)
    with objects.credentials():
        done = await asyncio.to_thread(run, "media", "sweep", **variables_of(settings))
    assert done.stdout.startswith("1 uploads expired"), done.stderr
