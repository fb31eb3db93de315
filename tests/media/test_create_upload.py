"""Upload forms: who may request one for which owner, and the values that a form fixes."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.media.v1 import media_pb2

from service.settings import Settings
from tests.catalogue import add_movie, add_person
from tests.client import Client, refused
from tests.media.uploads import BUCKET, upload, uploaded

OF_STAFF = ("POSTER", "BACKDROP", "PERSON_PHOTO")


def policy(form: media_pb2.UploadForm) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.b64decode(form.fields["policy"]))
    return decoded


async def test_a_form_fixes_key_type_and_size(client: Client, settings: Settings) -> None:
    user = await client.registered()
    answer = await user.media.CreateUpload(upload(content_type="image/webp", size_bytes=12345))
    form, signed = answer.upload, policy(answer.upload)
    assert form.url == f"{settings.s3_endpoint_url}/{BUCKET}"
    assert form.fields["key"] == answer.file.key
    assert form.fields["Content-Type"] == "image/webp"
    for condition in (
        {"bucket": BUCKET},
        {"key": answer.file.key},
        {"Content-Type": "image/webp"},
        ["content-length-range", 1, 12345],
    ):
        assert condition in signed["conditions"]
    assert not any("starts-with" in condition for condition in signed["conditions"]), "nothing is left open"
    assert "x-amz-meta-sha256" not in form.fields
    ends = datetime.fromisoformat(signed["expiration"])
    assert abs((ends - form.expire_time.ToDatetime(UTC)).total_seconds()) < 5
    assert abs((ends - datetime.now(UTC)).total_seconds() - settings.upload_ttl) < 10


async def test_a_form_fixes_a_declared_checksum(client: Client) -> None:
    user = await client.registered()
    answer = await user.media.CreateUpload(upload(sha256=bytes(range(32))))
    pinned = {"x-amz-meta-sha256": bytes(range(32)).hex()}
    assert pinned in policy(answer.upload)["conditions"]
    assert pinned.items() <= dict(answer.upload.fields).items()


async def test_the_new_file_is_pending(client: Client) -> None:
    user = await client.registered()
    answer = await user.media.CreateUpload(upload(file_name="Ada \u2764 \u6620\u753b.jpg"))
    file = answer.file
    assert (file.state, file.kind) == (media_pb2.FILE_STATE_PENDING, media_pb2.FILE_KIND_AVATAR)
    assert (file.file_name, file.mime_type, file.size_bytes) == ("Ada \u2764 \u6620\u753b.jpg", "image/jpeg", 1000)
    assert file.expire_time == answer.upload.expire_time
    assert not file.HasField("image")
    assert (await user.media.GetFile(media_pb2.GetFileRequest(id=file.id))).file == file


async def test_every_form_has_a_unique_random_key(client: Client) -> None:
    user = await client.registered("ada")
    keys = [(await uploaded(user, file_name="../../etc/passwd".replace("/", "-"))).key for _ in range(3)]
    assert len(set(keys)) == 3
    for key in keys:
        folder, _, random = key.rpartition("/")
        assert (folder, len(random), int(random, 16) > 0) == ("uploads/avatar", 32, True)


async def test_staff_upload_for_movies_and_people(client: Client, database: asyncpg.Connection) -> None:
    movie_id, person_id = await add_movie(database), await add_person(database)
    staff = client.as_staff((await client.registered()).user_id)
    owners = {
        "POSTER": ("movie_id", movie_id),
        "BACKDROP": ("movie_id", movie_id),
        "PERSON_PHOTO": ("person_id", person_id),
    }
    for kind, (column, owner_id) in owners.items():
        file = await uploaded(staff, kind, **{column: owner_id})
        row = await database.fetchrow("SELECT kind, movie_id, person_id, uploader_id FROM files WHERE id = $1", file.id)
        assert row is not None
        assert (row["kind"], row[column], row["uploader_id"]) == (kind.lower(), owner_id, staff.user_id)
        assert file.key.startswith(f"uploads/{kind.lower()}/")


@pytest.mark.parametrize("kind", OF_STAFF)
async def test_users_can_only_upload_avatars_and_owners_are_not_revealed(
    client: Client, database: asyncpg.Connection, kind: str
) -> None:
    user = await client.registered()
    known = await (add_person if kind == "PERSON_PHOTO" else add_movie)(database)
    column = "person_id" if kind == "PERSON_PHOTO" else "movie_id"
    for owner_id in (known, known + 1):
        refusal = await refused(user.media.CreateUpload(upload(kind, **{column: owner_id})))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")
    assert await database.fetchval("SELECT count(*) FROM files") == 0


@pytest.mark.parametrize(
    ("kind", "column", "reason"),
    [
        ("POSTER", "movie_id", "MOVIE_NOT_FOUND"),
        ("BACKDROP", "movie_id", "MOVIE_NOT_FOUND"),
        ("PERSON_PHOTO", "person_id", "PERSON_NOT_FOUND"),
    ],
)
async def test_the_error_names_an_unknown_owner(client: Client, kind: str, column: str, reason: str) -> None:
    staff = client.as_staff((await client.registered()).user_id)
    refusal = await refused(staff.media.CreateUpload(upload(kind, **{column: 999})))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, reason)
    assert refusal.details["ResourceInfo"].resource_name == "999"


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("AVATAR", {"movie_id": 1}),
        ("AVATAR", {"person_id": 1}),
        ("POSTER", {}),
        ("POSTER", {"person_id": 1}),
        ("BACKDROP", {}),
        ("BACKDROP", {"person_id": 1}),
        ("PERSON_PHOTO", {}),
        ("PERSON_PHOTO", {"movie_id": 1}),
    ],
)
async def test_each_kind_requires_its_own_type_of_owner(client: Client, kind: str, changes: dict[str, int]) -> None:
    staff = client.as_staff((await client.registered()).user_id)
    refusal = await refused(staff.media.CreateUpload(upload(kind, **changes)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
    assert refusal.fields == {"": "create_upload.owner"}


async def test_all_broken_rules_are_reported(client: Client) -> None:
    user = await client.registered()
    cases: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"file_name": ""}, {"file_name": "string.pattern"}),
        ({"file_name": "x" * 256}, {"file_name": "string.max_len"}),
        ({"file_name": "a/b"}, {"file_name": "string.pattern"}),
        ({"file_name": "a\\b"}, {"file_name": "string.pattern"}),
        ({"file_name": "a\nb"}, {"file_name": "string.pattern"}),
        ({"content_type": "image/svg+xml"}, {"content_type": "string.in"}),
        ({"content_type": "IMAGE/JPEG"}, {"content_type": "string.in"}),
        ({"size_bytes": 0}, {"size_bytes": "int64.gte_lte"}),
        ({"size_bytes": 15 * 1024 * 1024 + 1}, {"size_bytes": "int64.gte_lte"}),
        ({"sha256": b""}, {"sha256": "bytes.len"}),
        ({"sha256": bytes(31)}, {"sha256": "bytes.len"}),
        (
            {"file_name": "", "content_type": "x", "size_bytes": -1},
            {"file_name": "string.pattern", "content_type": "string.in", "size_bytes": "int64.gte_lte"},
        ),
    ]
    for changes, broken in cases:
        refusal = await refused(user.media.CreateUpload(upload(**changes)))
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
        assert broken.items() <= refusal.fields.items(), changes


async def test_an_unknown_kind_is_refused(client: Client) -> None:
    user = await client.registered()
    for kind, rule in ((0, "enum.not_in"), (99, "enum.defined_only"), (-1, "enum.defined_only")):
        request = upload()
        request.kind = kind  # type: ignore[assignment] # clients in other languages can send this
        assert (await refused(user.media.CreateUpload(request))).fields == {"kind": rule}


async def test_an_erased_user_gets_no_form(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    await database.execute("DELETE FROM users")
    refusal = await refused(user.media.CreateUpload(upload()))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "ACCOUNT_GONE")
