"""The caller's own account and profile."""

from __future__ import annotations

import json

import asyncpg
import grpc
from marquee.users.v1 import users_pb2

from tests.client import Client, refused

OWN = users_pb2.GetProfileRequest()


async def test_users_read_their_own_account_and_profile(client: Client) -> None:
    ada, bob = await client.registered("ada"), await client.registered("bob")
    answers = [(await user.users.GetProfile(OWN)).user for user in (ada, bob)]
    assert [(user.id, user.username, user.email) for user in answers] == [
        (ada.user_id, "ada", "ada@example.org"),
        (bob.user_id, "bob", "bob@example.org"),
    ]


async def test_a_profile_contains_the_personal_data_of_its_user(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    answer = await user.users.GetProfile(OWN)
    assert (answer.profile.bio, list(answer.profile.favorite_genre_ids)) == ("", [])
    await database.execute(
        "UPDATE user_profiles SET bio = 'I like\n\u6620\u753b.', favorite_genres = $1", json.dumps([3, 1])
    )
    answer = await user.users.GetProfile(OWN)
    assert (answer.profile.bio, list(answer.profile.favorite_genre_ids)) == ("I like\n\u6620\u753b.", [3, 1])


async def test_a_deactivated_account_has_no_profile(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    await database.execute("UPDATE users SET is_active = false")
    refusal = await refused(user.users.GetProfile(OWN))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "ACCOUNT_GONE")


async def test_an_erased_account_has_no_profile(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    await database.execute("DELETE FROM users")
    refusal = await refused(user.users.GetProfile(OWN))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "ACCOUNT_GONE")


async def test_a_change_sets_the_update_time(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    before = (await user.users.GetProfile(OWN)).user
    await database.execute("UPDATE users SET first_name = 'Ada'")
    after = (await user.users.GetProfile(OWN)).user
    assert after.first_name == "Ada"
    assert after.date_joined == before.date_joined
    assert after.update_time.ToDatetime() > before.update_time.ToDatetime()


async def test_anonymous_callers_and_services_have_no_profile(client: Client) -> None:
    assert (await refused(client.users.GetProfile(OWN))).reason == "AUTHENTICATION_REQUIRED"
    assert (await refused(client.as_service("media.register").users.GetProfile(OWN))).reason == "ACCESS_DENIED"
