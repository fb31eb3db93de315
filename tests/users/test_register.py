"""Register through a real server."""

from __future__ import annotations

import asyncio

import asyncpg
import grpc
import pytest
from marquee.users.v1 import users_pb2

from tests.client import PASSWORD, Client, refusal_of, refused


def request(**changes: str) -> users_pb2.RegisterRequest:
    fields = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    return users_pb2.RegisterRequest(**(fields | changes))


async def test_the_returned_token_is_accepted_at_once(client: Client) -> None:
    answer = await client.users.Register(request(first_name="Ada", last_name="Lovelace"))
    profile = await client.with_token(answer.access_token.token).users.GetProfile(users_pb2.GetProfileRequest())
    assert profile.user == answer.user
    assert (profile.user.username, profile.user.email) == ("ada", "ada@example.org")
    assert profile.user.is_active
    assert not profile.user.is_staff


async def test_no_secret_is_stored_in_plain_text(client: Client, database: asyncpg.Connection) -> None:
    await client.users.Register(request())
    row = await database.fetchrow("SELECT * FROM users")
    assert row is not None
    assert row["password_hash"].startswith("$argon2id$")
    assert b"ada@" not in bytes(row["email_encrypted"])
    assert b"ada@" not in bytes(row["email_hash"])


async def test_account_profile_and_audit_event_are_written_in_one_transaction(
    client: Client, database: asyncpg.Connection
) -> None:
    await client.users.Register(request())
    assert await database.fetchval("SELECT count(*) FROM user_profiles JOIN users ON users.id = user_id") == 1
    assert await database.fetchval("SELECT action FROM audit_log") == "users.register"


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"email": "other@example.org"}, "USERNAME_TAKEN", "username"),
        ({"username": "ADA", "email": "other@example.org"}, "USERNAME_TAKEN", "username"),
        ({"username": "other"}, "EMAIL_TAKEN", "email"),
        ({"username": "other", "email": "ADA@EXAMPLE.ORG"}, "EMAIL_TAKEN", "email"),
    ],
)
async def test_names_and_addresses_are_unique_without_regard_to_case(
    client: Client, changes: dict[str, str], reason: str, field: str
) -> None:
    await client.users.Register(request())
    refusal = await refused(client.users.Register(request(**changes)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, reason)
    assert field in refusal.fields


async def test_one_of_many_concurrent_registrations_succeeds(client: Client) -> None:
    calls = [client.users.Register(request(email=f"ada{n}@example.org")) for n in range(20)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    errors = [refusal_of(answer) for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert len(errors) == 19
    assert {error.reason for error in errors} == {"USERNAME_TAKEN"}


async def test_all_invalid_fields_are_reported_at_once(client: Client) -> None:
    refusal = await refused(client.users.Register(request(username="x", password="short", first_name="a\tb")))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.fields == {
        "username": "string.pattern",
        "password": "string.min_len",
        "first_name": "string.pattern",
    }


async def test_names_that_look_alike_are_the_same_name(client: Client) -> None:
    await client.users.Register(request(username="paypal-Modem"))
    for number, lookalike in enumerate(
        ("paypa1modem", "payPaI.modem", "paypal_rnodern", "PAYPAL-MODEM", "paypalmodem")
    ):
        refusal = await refused(client.users.Register(request(username=lookalike, email=f"{number}@example.org")))
        assert refusal.reason == "USERNAME_TAKEN", lookalike
    await client.users.Register(request(username="paypal-modern2", email="other@example.org"))


@pytest.mark.parametrize("username", ["\u0430da", "ad\u0430", "ada\u200b", "\uff41da", "\u212ada", "ada ", "a\u0301da"])
async def test_a_username_with_letters_of_other_alphabets_is_refused(client: Client, username: str) -> None:
    assert (await refused(client.users.Register(request(username=username)))).fields == {"username": "string.pattern"}


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("password123", "password.common"),
        ("PassWord123", "password.common"),
        ("iloveyou1", "password.common"),
        ("lovelace-1815", "password.own_name"),
        ("ada@example.org", "password.own_name"),
        ("x lovelace@example.org x", "password.own_name"),
    ],
)
async def test_a_password_that_is_easy_to_guess_is_refused(client: Client, password: str, rule: str) -> None:
    answer = (
        await refused(client.users.Register(request(username="lovelace", email="ada@example.org", password=password)))
        if "x " not in password
        else await refused(
            client.users.Register(request(username="other", email="lovelace@example.org", password=password))
        )
    )
    assert answer.fields == {"password": rule}


async def test_an_invalid_address_and_a_weak_password_are_reported_together(client: Client) -> None:
    refusal = await refused(client.users.Register(request(email="not an address", password="password1")))
    assert refusal.fields == {"email": "email.format", "password": "password.common"}


async def test_names_are_stored_in_normalized_form(client: Client) -> None:
    answer = await client.users.Register(request(first_name="Jose\u0301", last_name="A\u030angstro\u0308m"))
    assert (answer.user.first_name, answer.user.last_name) == ("Jos\u00e9", "\u00c5ngstr\u00f6m")


async def test_an_invalid_address_is_refused(client: Client) -> None:
    refusal = await refused(client.users.Register(request(email="not an address")))
    assert refusal.fields == {"email": "email.format"}
