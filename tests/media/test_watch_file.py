"""WatchFile: sends the file at once, after each change of state, and in its final state."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.media.v1 import media_pb2

from service.database.listener import APPLICATION_NAME
from service.media.watching import WATCHES
from tests.client import Client, refusal_of, refused
from tests.media.uploads import begin, register, reject, renditions, uploaded
from tests.outage import seconds_until

PENDING, PROCESSING = media_pb2.FILE_STATE_PENDING, media_pb2.FILE_STATE_PROCESSING
READY, REJECTED = media_pb2.FILE_STATE_READY, media_pb2.FILE_STATE_REJECTED
EXPIRED, DELETED = media_pb2.FILE_STATE_EXPIRED, media_pb2.FILE_STATE_DELETED
PATIENCE = 8.0
OF_LISTENER = f"FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{APPLICATION_NAME}'"
LISTENERS = f"SELECT count(*) {OF_LISTENER}"
CUT = f"SELECT pg_terminate_backend(pid) {OF_LISTENER}"


@pytest.fixture
def service(client: Client) -> Client:
    return client.as_service("media.register")


@pytest.fixture
async def user(client: Client) -> Client:
    return await client.registered()


class Watch:
    """A running WatchFile call."""

    def __init__(self, client: Client, file_id: int, **request: int) -> None:
        self.call = client.media.WatchFile(media_pb2.WatchFileRequest(id=file_id, **request))

    async def read(self) -> media_pb2.File:
        """Returns the next message's file; fails if the stream ends."""
        message: Any = await asyncio.wait_for(self.call.read(), PATIENCE)
        assert message is not grpc.aio.EOF
        file: media_pb2.File = message.file
        return file

    async def ended(self) -> bool:
        """Returns whether the stream ends with OK and without another message."""
        last: Any = await asyncio.wait_for(self.call.read(), PATIENCE)
        return last is grpc.aio.EOF and await self.call.code() is grpc.StatusCode.OK


async def test_every_state_is_sent_until_the_image_is_ready(user: Client, service: Client) -> None:
    file = await uploaded(user)
    watches = [Watch(user, file.id) for _ in range(2)]
    assert [await watch.read() for watch in watches] == [file, file]
    await service.media.BeginFile(begin(file.key))
    assert [(await watch.read()).state for watch in watches] == [PROCESSING, PROCESSING]
    registered = (await service.media.RegisterFile(register(file.key))).file
    assert [await watch.read() for watch in watches] == [registered, registered]
    assert [await watch.ended() for watch in watches] == [True, True]


async def test_the_watch_ends_with_every_final_state(
    user: Client, service: Client, database: asyncpg.Connection
) -> None:
    rejected, expired, deleted = [await uploaded(user) for _ in range(3)]
    watches = [Watch(user, file.id) for file in (rejected, expired, deleted)]
    assert [(await watch.read()).state for watch in watches] == [PENDING] * 3
    await service.media.RejectFile(reject(rejected.key, reason="CHECKSUM_MISMATCH"))
    await database.execute("UPDATE files SET state = 'expired' WHERE id = $1", expired.id)
    await user.media.DeleteFile(media_pb2.DeleteFileRequest(id=deleted.id))
    last = [await watch.read() for watch in watches]
    assert [file.state for file in last] == [REJECTED, EXPIRED, DELETED]
    assert last[0].rejection_reason == media_pb2.REJECTION_REASON_CHECKSUM_MISMATCH
    assert [await watch.ended() for watch in watches] == [True] * 3


async def test_a_file_in_a_final_state_is_sent_once(user: Client, service: Client) -> None:
    file = await uploaded(user)
    sizes = ((154, 231), (342, 513))
    await service.media.RegisterFile(register(file.key, renditions=renditions(file.key, sizes)))
    watch = Watch(user, file.id, preferred_width=100)
    assert "/154." in (await watch.read()).url
    assert await watch.ended()


async def test_deleting_the_row_ends_the_watch(user: Client, database: asyncpg.Connection) -> None:
    file = await uploaded(user)
    watch = Watch(user, file.id)
    await watch.read()
    await database.execute("DELETE FROM files")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await watch.read()
    assert refusal_of(caught.value).reason == "FILE_NOT_FOUND"


async def test_a_file_of_another_user_cannot_be_watched(client: Client, user: Client) -> None:
    file = await uploaded(user)
    other = await client.registered()
    for file_id in (file.id, file.id + 1):
        assert (await refused(Watch(other, file_id).call.read())).reason == "FILE_NOT_FOUND"


async def test_the_number_of_watches_per_caller_is_limited(user: Client) -> None:
    file = await uploaded(user)
    watches = [Watch(user, file.id) for _ in range(WATCHES)]
    for watch in watches:
        await watch.read()
    refusal = await refused(Watch(user, file.id).call.read())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_FILE_WATCHES")
    watches[0].call.cancel()

    async def watch_is_admitted() -> bool:
        again = Watch(user, file.id)
        with suppress(grpc.aio.AioRpcError):
            return (await again.read()).state == PENDING
        return False

    await seconds_until(watch_is_admitted)


async def test_all_watches_of_a_worker_share_one_listener_connection(
    user: Client, database: asyncpg.Connection
) -> None:
    file = await uploaded(user)
    for watch in [Watch(user, file.id) for _ in range(4)]:
        await watch.read()
    assert await database.fetchval(LISTENERS) == 1


async def test_a_lost_connection_loses_no_state(user: Client, service: Client, database: asyncpg.Connection) -> None:
    file = await uploaded(user)
    watch = Watch(user, file.id)
    await watch.read()
    await database.execute(CUT)
    await service.media.RegisterFile(register(file.key))
    assert (await watch.read()).state == READY
    assert await watch.ended()
