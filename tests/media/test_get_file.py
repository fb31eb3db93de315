"""GetFile: the uploader and staff get a file; others get the same error as for a missing file."""

from __future__ import annotations

import asyncpg
import grpc
from marquee.media.v1 import media_pb2

from tests.client import Client, refused
from tests.media.uploads import register, uploaded

Get = media_pb2.GetFileRequest


async def test_a_file_of_another_user_is_not_found(client: Client) -> None:
    ada, bob = await client.registered(), await client.registered()
    file = await uploaded(ada)
    hidden = await refused(bob.media.GetFile(Get(id=file.id)))
    absent = await refused(bob.media.GetFile(Get(id=file.id + 1)))
    assert (hidden.code, hidden.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")
    assert hidden.message == absent.message.replace(str(file.id + 1), str(file.id))
    assert hidden.details.keys() == absent.details.keys()


async def test_staff_can_read_every_file(client: Client) -> None:
    file = await uploaded(await client.registered())
    staff = client.as_staff((await client.registered()).user_id)
    assert (await staff.media.GetFile(Get(id=file.id))).file == file


async def test_only_staff_can_read_a_file_of_an_erased_user(client: Client, database: asyncpg.Connection) -> None:
    user, other = await client.registered(), await client.registered()
    file = await uploaded(user)
    await database.execute("DELETE FROM users WHERE id = $1", user.user_id)
    for caller in (user, other):
        assert (await refused(caller.media.GetFile(Get(id=file.id)))).reason == "FILE_NOT_FOUND"
    assert (await client.as_staff(other.user_id).media.GetFile(Get(id=file.id))).file.id == file.id


async def test_a_ready_file_has_renditions(client: Client) -> None:
    user = await client.registered()
    file = await uploaded(user)
    registered = (await client.as_service("media.register").media.RegisterFile(register(file.key))).file
    assert (await user.media.GetFile(Get(id=file.id))).file == registered


async def test_an_invalid_id_is_refused(client: Client) -> None:
    user = await client.registered()
    for file_id in (0, -1):
        assert (await refused(user.media.GetFile(Get(id=file_id)))).fields == {"id": "int32.gt"}
