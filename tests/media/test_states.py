"""States of files: the transitions that the database allows, and the effects of the functions' calls."""

from __future__ import annotations

import itertools
from contextlib import suppress

import asyncpg
import pytest
from marquee.media.v1 import media_pb2

from service.media.enums import FileState
from tests.catalogue import add_movie
from tests.client import Client, refused
from tests.media.uploads import begin, forget, register, reject, uploaded

TRANSITIONS = {
    "pending": {"processing", "ready", "rejected", "expired", "deleted"},
    "processing": {"ready", "rejected", "expired", "deleted"},
    "ready": {"rejected", "deleted"},
    "rejected": {"processing", "ready", "deleted"},
    "expired": {"processing", "ready", "rejected", "deleted"},
    "deleted": set[str](),
}
REACH = {
    "pending": "",
    "processing": "UPDATE files SET state = 'processing'",
    "ready": "UPDATE files SET state = 'ready', width = 1, height = 1, sha256 = sha256('')",
    "rejected": "UPDATE files SET state = 'rejected', rejection_reason = 'corrupt'",
    "expired": "UPDATE files SET state = 'expired'",
    "deleted": "UPDATE files SET state = 'deleted'",
}
INSERT = """
INSERT INTO files (kind, file_name, mime_type, bucket, key, size_bytes, expires_at, state)
VALUES ('avatar', 'a.png', 'image/png', 'uploads', 'k', 1, now(), $1)
"""
GET = media_pb2.GetFileRequest
PENDING, PROCESSING = media_pb2.FILE_STATE_PENDING, media_pb2.FILE_STATE_PROCESSING
READY, REJECTED = media_pb2.FILE_STATE_READY, media_pb2.FILE_STATE_REJECTED
EXPIRED, DELETED = media_pb2.FILE_STATE_EXPIRED, media_pb2.FILE_STATE_DELETED


@pytest.fixture
def service(client: Client) -> Client:
    return client.as_service("media.register")


@pytest.fixture
async def user(client: Client) -> Client:
    return await client.registered()


async def change(database: asyncpg.Connection, state: str) -> None:
    """Writes a state, and the columns that it requires, by SQL."""
    reason = "corrupt" if state == "rejected" else ""
    await database.execute(
        "UPDATE files SET state = $1, rejection_reason = $2, width = 1, height = 1, sha256 = sha256('')", state, reason
    )


async def test_every_pair_of_states_is_allowed_or_refused_by_the_database(database: asyncpg.Connection) -> None:
    allowed = set()
    for old, new in itertools.permutations(TRANSITIONS, 2):
        attempt = database.transaction()
        await attempt.start()
        await database.execute(INSERT, "pending")
        await database.execute(REACH[old] or "SELECT")
        with suppress(asyncpg.CheckViolationError):
            await change(database, new)
            allowed.add((old, new))
        await attempt.rollback()
    assert allowed == {(old, new) for old, following in TRANSITIONS.items() for new in following}
    assert TRANSITIONS.keys() == set(FileState)


async def test_a_new_file_must_be_pending(database: asyncpg.Connection) -> None:
    for state in ("processing", "expired", "deleted"):
        with pytest.raises(asyncpg.CheckViolationError, match="does not become"):
            await database.execute(INSERT, state)
    await database.execute(INSERT, "pending")


async def test_the_same_state_again_is_no_transition(database: asyncpg.Connection) -> None:
    await database.execute(INSERT, "pending")
    for state in ("pending", "processing", "processing", "ready", "ready", "deleted", "deleted"):
        await change(database, state)
        assert await database.fetchval("SELECT state FROM files") == state


async def test_no_writer_can_delete_a_file_that_is_shown(
    client: Client, service: Client, database: asyncpg.Connection
) -> None:
    staff = client.as_staff((await client.registered()).user_id)
    file = await uploaded(staff, "POSTER", movie_id=await add_movie(database))
    await service.media.RegisterFile(register(file.key))
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="in use"):
        await database.execute("UPDATE files SET state = 'deleted'")
    async with database.transaction():
        await database.execute("UPDATE files SET state = 'deleted'")
        await database.execute("UPDATE movies SET poster_id = NULL")
    assert (await staff.media.GetFile(GET(id=file.id))).file.state == DELETED


async def test_begun_work_is_visible(user: Client, service: Client) -> None:
    file = await uploaded(user)
    answers = [await service.media.BeginFile(begin(file.key)) for _ in range(3)]
    assert [(answer.file.state, answer.proceed) for answer in answers] == [(PROCESSING, True)] * 3
    assert answers[0] == answers[2], "a repeated BeginFile changes nothing"
    seen = (await user.media.GetFile(GET(id=file.id))).file
    assert (seen.state, seen.HasField("expire_time"), seen.url) == (PROCESSING, False, "")
    assert (await service.media.RegisterFile(register(file.key))).file.state == READY


async def test_stale_events_are_answered_with_do_not_proceed(user: Client, service: Client) -> None:
    for rpc, state in ((service.media.RegisterFile, READY), (service.media.RejectFile, REJECTED)):
        file = await uploaded(user)
        request = register(file.key, "0B") if state == READY else reject(file.key, "0B")
        before = (await rpc(request)).file
        for stale in ("0A", "0B", "0B0"):
            answer = await service.media.BeginFile(begin(file.key, stale))
            assert (answer.proceed, answer.file) == (False, before)


async def test_a_newer_upload_after_a_rejection_is_processed(user: Client, service: Client) -> None:
    file = await uploaded(user)
    await service.media.RejectFile(reject(file.key, "0A", reason="CORRUPT", detail="Its second half is missing."))
    answer = await service.media.BeginFile(begin(file.key, "0B"))
    assert (answer.file.state, answer.proceed) == (PROCESSING, True)
    assert (answer.file.rejection_reason, answer.file.rejection_detail) == (0, "")
    assert (await service.media.RegisterFile(register(file.key, "0B"))).file.state == READY


async def test_a_ready_image_is_shown_while_its_successor_is_processed(user: Client, service: Client) -> None:
    file = await uploaded(user)
    shown = (await service.media.RegisterFile(register(file.key, "0A"))).file
    answer = await service.media.BeginFile(begin(file.key, "0B"))
    assert (answer.proceed, answer.file) == (True, shown)


async def test_an_upload_that_arrives_after_the_expiry_is_processed(
    user: Client, service: Client, database: asyncpg.Connection
) -> None:
    file = await uploaded(user)
    await database.execute("UPDATE files SET state = 'expired'")
    answer = await service.media.BeginFile(begin(file.key))
    assert (answer.file.state, answer.proceed) == (PROCESSING, True)


async def test_removing_an_object_deletes_its_file(user: Client, service: Client) -> None:
    file = await uploaded(user)
    await service.media.RegisterFile(register(file.key, "0A"))
    forgotten = (await service.media.ForgetFile(forget(file.key, "0B"))).file
    assert (forgotten.state, forgotten.url, forgotten.HasField("image")) == (DELETED, "", False)
    assert (await service.media.ForgetFile(forget(file.key, "0B"))).file == forgotten
    assert not (await service.media.BeginFile(begin(file.key, "0C"))).proceed


async def test_an_older_event_changes_nothing_after_a_removal(user: Client, service: Client) -> None:
    file = await uploaded(user)
    assert (await service.media.ForgetFile(forget(file.key, "0B"))).file.state == DELETED
    assert not (await service.media.BeginFile(begin(file.key, "0A"))).proceed
    assert (await service.media.RegisterFile(register(file.key, "0A"))).file.state == DELETED


async def test_a_late_removal_event_changes_nothing(user: Client, service: Client) -> None:
    """The rejected object is removed, another is uploaded, and the event of the removal arrives last."""
    file = await uploaded(user)
    await service.media.RejectFile(reject(file.key, "0A"))
    shown = (await service.media.RegisterFile(register(file.key, "0C"))).file
    assert (await service.media.ForgetFile(forget(file.key, "0B"))).file == shown


async def test_after_a_removal_the_state_stays_and_older_uploads_are_ignored(
    user: Client, service: Client, database: asyncpg.Connection
) -> None:
    rejected, expired = await uploaded(user), await uploaded(user)
    await service.media.RejectFile(reject(rejected.key, "0A", reason="TIMEOUT"))
    await database.execute("UPDATE files SET state = 'expired' WHERE id = $1", expired.id)
    for file, state in ((rejected, REJECTED), (expired, EXPIRED)):
        assert (await service.media.ForgetFile(forget(file.key, "0C"))).file.state == state
        assert (await service.media.RegisterFile(register(file.key, "0B"))).file.state == state, (
            "the removal is still recorded"
        )
        assert (await service.media.BeginFile(begin(file.key, "0D"))).proceed


async def test_a_key_without_a_form_is_not_found(service: Client) -> None:
    for call in (service.media.BeginFile(begin("uploads/x")), service.media.ForgetFile(forget("uploads/x"))):
        assert (await refused(call)).reason == "FILE_NOT_FOUND"


async def test_an_image_with_several_frames_is_marked_as_animated(user: Client, service: Client) -> None:
    for is_animated in (True, False):
        file = await uploaded(user)
        answer = (await service.media.RegisterFile(register(file.key, is_animated=is_animated))).file
        assert (answer.is_animated, answer.sha256) == (is_animated, bytes(range(32)))


def test_the_contract_has_the_same_states() -> None:
    states = {name.removeprefix("FILE_STATE_").lower() for name in media_pb2.FileState.keys()[1:]}
    assert states == TRANSITIONS.keys()
