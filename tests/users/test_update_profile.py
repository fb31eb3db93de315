"""Changes to the caller's own account and profile."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.field_mask_pb2 import FieldMask
from google.type import date_pb2
from marquee.users.v1 import users_pb2

from tests.catalogue import add_genre
from tests.client import PASSWORD, Client, refusal_of, refused

OWN = users_pb2.GetProfileRequest()


async def update(user: Client, *paths: str, **fields: Any) -> users_pb2.UpdateProfileResponse:
    answer: users_pb2.UpdateProfileResponse = await user.users.UpdateProfile(request(*paths, **fields))
    return answer


def request(*paths: str, **fields: Any) -> users_pb2.UpdateProfileRequest:
    return users_pb2.UpdateProfileRequest(update_mask=FieldMask(paths=paths) if paths else None, **fields)


async def test_every_field_can_be_changed(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    genres = [await add_genre(database, name) for name in ("Drama", "Western")]
    message = request(
        username="ada.l",
        email="ada@example.net",
        first_name="Ada",
        last_name="Lovelace",
        bio="I like\n\u6620\u753b.",
        birth_date=date_pb2.Date(year=1985, month=12, day=10),
        favorite_genre_ids=reversed(genres),
        current_password=PASSWORD,
    )
    message.notification_preferences.update({"new_films": {"email": True, "days": [1, 2.5, None]}, "\u00e9": "x"})
    answer = await user.users.UpdateProfile(message)
    assert answer == await as_update(user)
    assert (answer.user.username, answer.user.email) == ("ada.l", "ada@example.net")
    assert (answer.user.first_name, answer.user.last_name) == ("Ada", "Lovelace")
    assert answer.profile.bio == "I like\n\u6620\u753b."
    assert answer.profile.birth_date == message.birth_date
    assert list(answer.profile.favorite_genre_ids) == genres[::-1]
    assert answer.profile.notification_preferences == message.notification_preferences
    assert (await client.login(renamed(user, "ada.l"))).user_id == user.user_id
    stored = await database.fetchrow("SELECT * FROM users JOIN user_profiles ON user_id = users.id")
    assert "1985" not in str(stored)
    assert "example.net" not in str(stored)


async def test_only_fields_in_the_mask_change(client: Client) -> None:
    user = await client.registered()
    await update(user, first_name="Ada", last_name="Lovelace", bio="x")
    answer = await update(user, "last_name", "bio", "bio", first_name="Not me", last_name="King")
    assert (answer.user.first_name, answer.user.last_name, answer.profile.bio) == ("Ada", "King", "")


async def test_without_a_mask_the_fields_that_are_set_change(client: Client) -> None:
    user = await client.registered()
    await update(user, first_name="Ada", bio="x")
    answer = await update(user, bio="y")
    assert (answer.user.first_name, answer.profile.bio) == ("Ada", "y")


@pytest.mark.parametrize(
    "path",
    [
        "*", "is_staff", "is_superuser", "is_active", "user_id", "id", "password_hash", "etag", "current_password",
        "update_mask", "user.is_staff", "birth_date.year", "notification_preferences.fields", "", "Bio", "bio,email",
        "favorite_genre_ids.0", "token_epoch",
    ],
)  # fmt: skip
async def test_a_mask_with_any_other_field_is_refused(client: Client, path: str) -> None:
    user = await client.registered()
    refusal = await refused(user.users.UpdateProfile(request("bio", path, bio="x")))
    assert refusal.fields == {"update_mask.paths[1]": "update_mask.allowed"}
    assert (await user.users.GetProfile(OWN)).profile.bio == ""


async def test_a_stale_etag_changes_nothing(client: Client) -> None:
    user = await client.registered()
    first = (await user.users.GetProfile(OWN)).user.etag
    second = (await update(user, bio="x", etag=first)).user.etag
    refusal = await refused(user.users.UpdateProfile(request(bio="y", etag=first)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_STALE")
    assert (await user.users.GetProfile(OWN)).profile.bio == "x"
    third = (await update(user, first_name="Ada", etag=second)).user.etag
    assert len({first, second, third}) == 3
    await client.login(user)
    assert (await user.users.GetProfile(OWN)).user.etag == third


async def test_one_of_many_concurrent_updates_with_the_same_etag_succeeds(client: Client) -> None:
    user = await client.registered()
    etag = (await user.users.GetProfile(OWN)).user.etag
    calls = [user.users.UpdateProfile(request(bio=str(n), etag=etag)) for n in range(20)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    refusals = [refusal_of(answer) for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert len(refusals) == 19
    assert {refusal.reason for refusal in refusals} == {"ETAG_STALE"}


async def test_fifty_writers_that_retry_all_succeed(client: Client) -> None:
    user = await client.registered()

    async def add_one() -> None:
        while True:
            seen = await user.users.GetProfile(OWN)
            try:
                await update(user, bio=str(int(seen.profile.bio or "0") + 1), etag=seen.user.etag)
            except grpc.aio.AioRpcError as error:
                assert refusal_of(error).code is grpc.StatusCode.ABORTED  # noqa: PT017 - the loop ends on success
            else:
                return

    await asyncio.gather(*(add_one() for _ in range(50)))
    assert (await user.users.GetProfile(OWN)).profile.bio == "50"


async def test_a_new_address_needs_the_password(client: Client) -> None:
    user = await client.registered()
    for password in ("", "wrong password"):
        refusal = await refused(
            user.users.UpdateProfile(request(email="new@example.org", bio="x", current_password=password))
        )
        assert (refusal.reason, refusal.fields) == ("PASSWORD_WRONG", {"current_password": "password.matches"})
    seen = await user.users.GetProfile(OWN)
    assert (seen.user.email, seen.profile.bio) == (f"{user.username}@example.org", "")


async def test_a_name_or_address_of_another_user_is_refused(client: Client) -> None:
    await client.registered("lovelace")
    user = await client.registered()
    for name in ("lovelace", "LoveLace", "1ovelace"):
        assert (await refused(user.users.UpdateProfile(request(username=name)))).reason == "USERNAME_TAKEN"
    refusal = await refused(user.users.UpdateProfile(request(email="Lovelace@example.org", current_password=PASSWORD)))
    assert refusal.reason == "EMAIL_TAKEN"


async def test_the_case_of_the_own_name_can_be_changed(client: Client) -> None:
    user = await client.registered("lovelace")
    assert (await update(user, username="Love.Lace")).user.username == "Love.Lace"


async def test_all_invalid_fields_are_reported_at_once(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    genre = await add_genre(database, "Drama")
    message = request(
        email="not an address",
        birth_date=date_pb2.Date(year=2999, month=1, day=1),
        favorite_genre_ids=[genre, genre + 1],
        bio="x",
    )
    message.notification_preferences.update({"x": "y" * 5000})
    refusal = await refused(user.users.UpdateProfile(message))
    assert refusal.fields == {
        "email": "email.format",
        "birth_date": "birth_date.past",
        "favorite_genre_ids[1]": "genre.exists",
        "notification_preferences": "preferences.size",
    }
    assert (await user.users.GetProfile(OWN)).profile.bio == ""


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(2001, 2, 29), (2000, 0, 0), (0, 12, 10), (2000, 13, 1), (-1, 1, 1), (10000, 1, 1), (2000, 1, 32)],
)
async def test_an_invalid_date_is_refused(client: Client, year: int, month: int, day: int) -> None:
    user = await client.registered()
    born = date_pb2.Date(year=year, month=month, day=day)
    assert (await refused(user.users.UpdateProfile(request(birth_date=born)))).fields == {"birth_date": "date.whole"}


async def test_a_date_of_birth_in_the_future_is_refused(client: Client) -> None:
    user = await client.registered()
    today = datetime.now(UTC).date()
    for born, admitted in {today + timedelta(1): False, today - timedelta(2): True}.items():
        message = request(birth_date=date_pb2.Date(year=born.year, month=born.month, day=born.day))
        if admitted:
            assert (await user.users.UpdateProfile(message)).profile.birth_date == message.birth_date
        else:
            assert (await refused(user.users.UpdateProfile(message))).fields == {"birth_date": "birth_date.past"}
    assert not (await update(user, "birth_date")).profile.HasField("birth_date")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
async def test_numbers_that_json_cannot_represent_are_refused(client: Client, number: float) -> None:
    user = await client.registered()
    message = request()
    message.notification_preferences.update({"a": [{"b": number}]})
    assert (await refused(user.users.UpdateProfile(message))).fields == {"notification_preferences": "struct.finite"}


@pytest.mark.parametrize("preferences", [{"a\0": 1}, {"a": "\0"}, {"a": [{"b": {"\0": []}}]}, {"a": ["x", "\0"]}])
async def test_a_nul_character_at_any_depth_is_refused(client: Client, preferences: dict[str, Any]) -> None:
    user = await client.registered()
    message = request()
    message.notification_preferences.update(preferences)
    refusal = await refused(user.users.UpdateProfile(message))
    assert list(refusal.fields.values()) == ["string.no_nul"]


async def test_preferences_are_returned_unchanged(client: Client) -> None:
    user = await client.registered()
    nested: dict[str, Any] = {"a": 1}
    for _ in range(25):
        nested = {"a": nested, "b": [nested["a"]] if not isinstance(nested["a"], dict) else "x"}
    message = request()
    json_format.ParseDict(nested, message.notification_preferences)
    answer = await user.users.UpdateProfile(message)
    assert answer.profile.notification_preferences == message.notification_preferences


async def test_the_audit_trail_records_a_change_without_its_values(
    client: Client, database: asyncpg.Connection
) -> None:
    user = await client.registered()
    await update(user, first_name="Secretive", bio="hidden")
    row = await database.fetchrow("SELECT * FROM audit_log WHERE action = 'users.update_profile'")
    assert row is not None
    assert (row["actor_user_id"], row["resource"]) == (user.user_id, f"users/{user.user_id}")
    assert row["detail"] == '{"fields": ["bio", "first_name"]}'


async def as_update(user: Client) -> users_pb2.UpdateProfileResponse:
    seen = await user.users.GetProfile(OWN)
    return users_pb2.UpdateProfileResponse(user=seen.user, profile=seen.profile)


def renamed(user: Client, username: str) -> Client:
    user.username = username
    return user
