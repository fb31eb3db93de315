"""Upload quotas of a user: exact, also for concurrent requests."""

from __future__ import annotations

import asyncio
from collections import Counter

import asyncpg
import grpc
import pytest
from marquee.media.v1 import media_pb2

from service.settings import Settings
from tests.catalogue import add_movie
from tests.client import Client, Refusal, refused
from tests.conftest import SettingsFactory
from tests.media.uploads import register, reject, upload, uploaded

PENDING, FILES = 5, 12
MIB = 1 << 20


@pytest.fixture
def settings(make_settings: SettingsFactory, database_url: str) -> Settings:
    return make_settings(
        database_url=database_url, upload_pending_limit=PENDING, upload_daily_files=FILES, upload_daily_bytes=20 * MIB
    )


@pytest.fixture
def service(client: Client) -> Client:
    return client.as_service("media.register")


def quota(refusal: Refusal) -> str:
    """Returns the quota that a refusal names; fails for another kind of refusal."""
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal.details["RetryInfo"].retry_delay.ToTimedelta().total_seconds() >= 1
    subject: str = refusal.details["QuotaFailure"].violations[0].subject
    return subject


async def test_fifty_concurrent_uploads_are_admitted_exactly_to_the_limit(
    client: Client, database: asyncpg.Connection
) -> None:
    ada, bob = await client.registered(), await client.registered()

    async def attempt(user: Client) -> str:
        try:
            await user.media.CreateUpload(upload())
        except grpc.aio.AioRpcError as error:
            return error.code().name
        return "begun"

    outcomes = await asyncio.gather(*(attempt(user) for _ in range(50) for user in (ada, bob)))
    assert Counter(outcomes) == {"begun": 2 * PENDING, "RESOURCE_EXHAUSTED": 100 - 2 * PENDING}
    rows = await database.fetch("SELECT uploader_id, count(*) FROM files GROUP BY 1")
    assert {row["uploader_id"]: row["count"] for row in rows} == {ada.user_id: PENDING, bob.user_id: PENDING}
    counters = await database.fetch("SELECT count FROM counters WHERE key LIKE 'upload files/%'")
    assert [row["count"] for row in counters] == [PENDING, PENDING], "refused requests are not counted"


async def test_a_processing_result_a_deletion_and_an_expired_form_free_quota(
    client: Client, service: Client, database: asyncpg.Connection
) -> None:
    ada = await client.registered()
    files = [await uploaded(ada) for _ in range(PENDING)]
    refusal = await refused(ada.media.CreateUpload(upload()))
    assert (refusal.reason, quota(refusal)) == ("TOO_MANY_UPLOADS_PENDING", "uploads pending")
    await service.media.RegisterFile(register(files[0].key))
    await service.media.RejectFile(reject(files[1].key))
    await ada.media.DeleteFile(media_pb2.DeleteFileRequest(id=files[2].id))
    await database.execute("UPDATE files SET expires_at = now() WHERE id = $1", files[3].id)
    for _ in range(4):
        await uploaded(ada)
    assert (await refused(ada.media.CreateUpload(upload()))).reason == "TOO_MANY_UPLOADS_PENDING"


async def test_deleted_files_count_towards_the_files_of_the_day(client: Client, database: asyncpg.Connection) -> None:
    ada = await client.registered()
    for _ in range(FILES):
        await uploaded(ada)
        await database.execute("DELETE FROM files")
    refusal = await refused(ada.media.CreateUpload(upload()))
    assert (refusal.reason, quota(refusal)) == ("UPLOAD_QUOTA_EXCEEDED", "upload files")
    assert refusal.details["RetryInfo"].retry_delay.seconds > 86_000
    await database.execute("UPDATE counters SET expires_at = now()")
    await uploaded(ada)


async def test_declared_sizes_count_towards_the_bytes_of_the_day(client: Client, database: asyncpg.Connection) -> None:
    ada = await client.registered()
    await uploaded(ada, size_bytes=15 * MIB)
    refusal = await refused(ada.media.CreateUpload(upload(size_bytes=5 * MIB + 1)))
    assert (refusal.reason, quota(refusal)) == ("UPLOAD_QUOTA_EXCEEDED", "upload bytes")
    assert await database.fetchval("SELECT count FROM counters WHERE key LIKE 'upload files/%'") == 1
    await uploaded(ada, size_bytes=5 * MIB)
    assert quota(await refused(ada.media.CreateUpload(upload(size_bytes=1)))) == "upload bytes"


async def test_a_request_with_an_unknown_owner_uses_no_quota(client: Client, database: asyncpg.Connection) -> None:
    staff = client.as_staff((await client.registered()).user_id)
    for _ in range(3):
        assert (await refused(staff.media.CreateUpload(upload("POSTER", movie_id=1)))).reason == "MOVIE_NOT_FOUND"
    assert await database.fetchval("SELECT count(*) FROM counters WHERE key LIKE 'upload%'") == 0


async def test_staff_have_ten_times_the_quota(client: Client, database: asyncpg.Connection) -> None:
    staff = client.as_staff((await client.registered()).user_id)
    movie_id = await add_movie(database)
    for _ in range(10 * PENDING):
        await uploaded(staff, "POSTER", movie_id=movie_id)
    refusal = await refused(staff.media.CreateUpload(upload("POSTER", movie_id=movie_id)))
    assert refusal.reason == "TOO_MANY_UPLOADS_PENDING"
