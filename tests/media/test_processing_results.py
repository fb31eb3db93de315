"""Processing results of the Lambda functions: their effect on a file, in any order and with repeats."""

from __future__ import annotations

import asyncio
import itertools

import asyncpg
import grpc
import pytest
from marquee.media.v1 import media_pb2

from service.media.processing_results import is_newer
from tests.client import Client, refused
from tests.media.uploads import register, reject, renditions, uploaded, version

Get = media_pb2.GetFileRequest
PENDING, READY = media_pb2.FILE_STATE_PENDING, media_pb2.FILE_STATE_READY
REJECTED = media_pb2.FILE_STATE_REJECTED


@pytest.fixture
def service(client: Client) -> Client:
    return client.as_service("media.register")


@pytest.fixture
async def user(client: Client) -> Client:
    return await client.registered()


async def test_a_registered_image_is_ready_with_its_renditions(user: Client, service: Client) -> None:
    file = await uploaded(user)
    answer = (await service.media.RegisterFile(register(file.key))).file
    assert (answer.id, answer.state) == (file.id, READY)
    assert (answer.mime_type, answer.size_bytes) == ("image/png", 900), "as found, not as declared"
    assert not answer.HasField("expire_time")
    image = answer.image
    assert (image.file_id, image.width, image.height) == (file.id, 600, 900)
    assert (image.thumbhash, image.dominant_color) == (b"thumb" * 5, "#a1b2c3")
    assert [(r.width, media_pb2.ImageFormat.Name(r.format)) for r in image.renditions] == [
        (154, "IMAGE_FORMAT_JPEG"),
        (154, "IMAGE_FORMAT_WEBP"),
        (342, "IMAGE_FORMAT_JPEG"),
        (342, "IMAGE_FORMAT_WEBP"),
    ]
    assert answer.url == image.url == image.renditions[2].url, "the widest JPEG"
    assert all(r.url.startswith(f"http://media.test/{file.key.removeprefix('uploads/')}/") for r in image.renditions)
    assert answer.update_time.ToDatetime() > file.update_time.ToDatetime()


async def test_a_rejected_image_has_reason_and_detail(user: Client, service: Client) -> None:
    file = await uploaded(user)
    answer = (await service.media.RejectFile(reject(file.key, reason="TOO_LARGE", detail="16 MiB are too many"))).file
    assert (answer.state, answer.rejection_reason) == (REJECTED, media_pb2.REJECTION_REASON_TOO_LARGE)
    assert answer.rejection_detail == "16 MiB are too many"
    assert (await user.media.GetFile(Get(id=file.id))).file == answer


async def test_every_reason_can_be_stored(user: Client, service: Client) -> None:
    for reason in media_pb2.RejectionReason.keys()[1:]:
        file = await uploaded(user)
        answer = await service.media.RejectFile(reject(file.key, reason=reason.removeprefix("REJECTION_REASON_")))
        assert media_pb2.RejectionReason.Name(answer.file.rejection_reason) == reason


async def test_a_repeat_changes_nothing(user: Client, service: Client, database: asyncpg.Connection) -> None:
    file = await uploaded(user)
    results = (
        (service.media.RegisterFile, register(file.key, "0A")),
        (service.media.RejectFile, reject(file.key, "0B")),
    )
    for rpc, request in results:
        first = await rpc(request)
        rows = await database.fetch("SELECT * FROM files, file_renditions ORDER BY file_renditions.id")
        assert [await rpc(request) for _ in range(2)] == [first, first]
        assert await database.fetch("SELECT * FROM files, file_renditions ORDER BY file_renditions.id") == rows


async def test_the_newest_event_wins_in_any_order(user: Client, service: Client) -> None:
    """Sequencers have different widths, as those of S3; the contract pads them on the right."""
    oldest, middle, newest = "0055AED6DCD90281E5", "0055AED6DCD90281E6", "0055AED6DCD90281E600FF"
    for order in itertools.permutations((oldest, middle, newest)):
        file = await uploaded(user)
        for sequencer in order:
            if sequencer == middle:
                await service.media.RejectFile(reject(file.key, sequencer))
            else:
                width = 700 if sequencer == newest else 500
                prefix = f"{file.key}/{sequencer}"
                request = register(file.key, sequencer, width=width, renditions=renditions(prefix))
                await service.media.RegisterFile(request)
        final = (await user.media.GetFile(Get(id=file.id))).file
        assert (final.state, final.image.width) == (READY, 700), order
        assert final.image.renditions
        assert all(newest in r.url for r in final.image.renditions)
        assert (final.rejection_reason, final.rejection_detail) == (0, "")


async def test_a_newer_rejection_removes_a_ready_image(user: Client, service: Client) -> None:
    file = await uploaded(user)
    await service.media.RegisterFile(register(file.key, "0A"))
    answer = (await service.media.RejectFile(reject(file.key, "0A0"))).file
    assert answer.state == READY, "the same sequencer, only written wider"
    answer = (await service.media.RejectFile(reject(file.key, "0A01"))).file
    assert answer.state == REJECTED
    assert not answer.HasField("image")
    assert answer.url == ""
    answer = (await service.media.RegisterFile(register(file.key, "0A"))).file
    assert answer.state == REJECTED, "an old event does not bring it back"


async def test_a_deleted_file_stays_deleted(user: Client, service: Client, database: asyncpg.Connection) -> None:
    file = await uploaded(user)
    await database.execute("UPDATE files SET state = 'deleted'")
    for answer in (
        await service.media.RegisterFile(register(file.key, "FF")),
        await service.media.RejectFile(reject(file.key, "FF")),
    ):
        assert answer.file.state == media_pb2.FILE_STATE_DELETED
    assert await database.fetchval("SELECT count(*) FROM file_renditions") == 0


async def test_a_result_for_an_expired_file_is_accepted(
    user: Client, service: Client, database: asyncpg.Connection
) -> None:
    file = await uploaded(user)
    await database.execute("UPDATE files SET state = 'expired'")
    assert (await service.media.RegisterFile(register(file.key))).file.state == READY


async def test_a_key_without_a_form_is_not_found(user: Client, service: Client) -> None:
    file = await uploaded(user)
    for key, bucket in (("uploads/avatar/x", "marquee-uploads"), (file.key, "elsewhere"), (file.key.upper(), "b" * 63)):
        results = (
            service.media.RegisterFile(register(file.key, object=version(key, bucket=bucket))),
            service.media.RejectFile(
                media_pb2.RejectFileRequest(
                    object=version(key, bucket=bucket), reason=media_pb2.REJECTION_REASON_CORRUPT
                )
            ),
        )
        for call in results:
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")


@pytest.mark.parametrize("key", ["\x01" * 1024, "\u6620" * 341, "\U0001f3ac" * 256, "%2F" * 341])
async def test_the_status_for_the_longest_unknown_key_is_readable(service: Client, key: str) -> None:
    refusal = await refused(service.media.RegisterFile(register("x", object=version(key))))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")


async def test_concurrent_duplicates_count_once(user: Client, service: Client, database: asyncpg.Connection) -> None:
    file = await uploaded(user)
    answers = await asyncio.gather(*(service.media.RegisterFile(register(file.key)) for _ in range(12)))
    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert await database.fetchval("SELECT count(*) FROM file_renditions") == 4


async def test_the_newest_of_concurrent_results_wins(user: Client, service: Client) -> None:
    file = await uploaded(user)
    calls = [
        rpc(request(file.key, f"{n:02X}"))
        for n in range(1, 13)
        for rpc, request in ((service.media.RegisterFile, register), (service.media.RejectFile, reject))
        if (n % 2 == 0) == (request is register)
    ]
    await asyncio.gather(*reversed(calls))
    assert (await user.media.GetFile(Get(id=file.id))).file.state == READY, "0C, the newest, registered"


async def test_a_rendition_of_another_upload_is_refused(client: Client, service: Client) -> None:
    user = await client.registered()
    own, other = await uploaded(user), await uploaded(user)
    await service.media.RegisterFile(register(other.key))
    refusal = await refused(service.media.RegisterFile(register(own.key, renditions=renditions(other.key))))
    assert set(refusal.fields.values()) == {"rendition.own_key"}
    assert (await user.media.GetFile(Get(id=own.id))).file.state == PENDING


async def test_duplicate_renditions_are_refused(service: Client) -> None:
    (one, *_) = renditions("uploads/avatar/x")
    refusal = await refused(service.media.RegisterFile(register("uploads/avatar/x", renditions=[one, one])))
    rules = {violation.reason for violation in refusal.details["BadRequest"].field_violations}
    assert rules == {"register_file.rendition_keys", "register_file.rendition_sizes"}


async def test_all_broken_rules_are_reported(service: Client) -> None:
    refusal = await refused(service.media.RegisterFile(media_pb2.RegisterFileRequest()))
    assert set(refusal.fields) == {
        "object", "mime_type", "size_bytes", "width", "height", "sha256", "thumbhash", "dominant_color", "renditions",
    }  # fmt: skip
    broken = media_pb2.StoredRendition(key="k", format=media_pb2.IMAGE_FORMAT_JPEG, width=1, height=1, size_bytes=1)
    refusal = await refused(service.media.RegisterFile(register("k", "xyz", renditions=[*renditions("k"), broken])))
    assert refusal.fields == {"object.sequencer": "string.pattern", "renditions[4].sha256": "bytes.len"}


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        ("0A", "", True), ("0", "", True), ("0A", "0A", False), ("0a", "0A", False), ("0B", "0A", True),
        ("0A", "0B", False), ("0A0", "0A", False), ("0A", "0A0", False), ("0A1", "0A", True), ("0A", "0A1", False),
        ("1", "0FFFFF", True), ("0FFFFF", "1", False), ("F" * 64, "F" * 63, True), ("b", "0A", True),
    ],
)  # fmt: skip
def test_sequencers_are_padded_on_the_right(one: str, other: str, newer: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_newer(one, than=other) is newer
