"""Login through a real server."""

from __future__ import annotations

import unicodedata

import asyncpg
import grpc
import jwt
import pytest
from marquee.users.v1 import users_pb2

from service.settings import Settings
from tests.client import PASSWORD, Client, refused
from tests.queries import QueryCount

REFUSED = (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID", "the username or password is wrong")


@pytest.fixture
async def ada(client: Client) -> users_pb2.RegisterResponse:
    registered: users_pb2.RegisterResponse = await client.users.Register(
        users_pb2.RegisterRequest(username="Ada.L", email="Ada.Lovelace@Example.org", password=PASSWORD)
    )
    return registered


def request(login: str, password: str = PASSWORD) -> users_pb2.LoginRequest:
    return users_pb2.LoginRequest(login=login, password=password)


@pytest.mark.parametrize(
    "login",
    ["Ada.L", "ada.l", "ADA.L", "Ada.Lovelace@example.org", "ada.lovelace@example.org", "ADA.LOVELACE@EXAMPLE.ORG"],
)
async def test_names_and_addresses_in_any_case_sign_in(
    client: Client, ada: users_pb2.RegisterResponse, login: str
) -> None:
    answer = await client.users.Login(request(login))
    assert (answer.user.id, answer.user.username) == (ada.user.id, "Ada.L")
    assert answer.user.email == "Ada.Lovelace@example.org"
    profile = await client.with_token(answer.access_token.token).users.GetProfile(users_pb2.GetProfileRequest())
    assert profile.user.id == ada.user.id


async def test_signing_in_does_not_change_the_account(client: Client, ada: users_pb2.RegisterResponse) -> None:
    await client.users.Login(request("ada.l"))
    answer = await client.users.Login(request("ada.l"))
    assert answer.user.last_login_time.ToDatetime() > ada.user.date_joined.ToDatetime()
    answer.user.ClearField("last_login_time")
    assert answer.user == ada.user


async def test_an_address_in_any_unicode_form_signs_in(client: Client) -> None:
    """Keyboards type composed or decomposed characters."""
    await client.users.Register(
        users_pb2.RegisterRequest(username="jose", email="jos\u00e9@example.org", password=PASSWORD)
    )
    for address in ("jos\u00e9@example.org", "jose\u0301@example.org", "JOS\u00c9@EXAMPLE.ORG"):
        assert (await client.users.Login(request(address))).user.username == "jose"


async def test_a_password_in_any_unicode_form_is_the_same(client: Client) -> None:
    password = "\u00e9t\u00e9 \u00e0 No\u00ebl"
    await client.users.Register(users_pb2.RegisterRequest(username="jose", email="jose@example.org", password=password))
    decomposed = unicodedata.normalize("NFD", password)
    assert decomposed != password
    assert (await client.users.Login(request("jose", decomposed))).user.username == "jose"


async def test_the_response_does_not_reveal_the_cause_of_a_refusal(
    client: Client, ada: users_pb2.RegisterResponse, database: asyncpg.Connection
) -> None:
    attempts = [
        ("nobody", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("Ada.L", "wrong password"),
        ("Ada.L", PASSWORD.upper()),
        ("Ada.L", PASSWORD + " "),
        (" Ada.L", PASSWORD),
        ("Ada.%", PASSWORD),
        ("Ada_L", PASSWORD),
        ("' OR ''='", PASSWORD),
        ("@", PASSWORD),
        (str(ada.user.id), PASSWORD),
    ]
    refusals = [await refused(client.users.Login(request(*attempt))) for attempt in attempts]
    await database.execute("UPDATE users SET is_active = false")
    refusals.append(await refused(client.users.Login(request("Ada.L"))))
    assert {(refusal.code, refusal.reason, refusal.message) for refusal in refusals} == {REFUSED}
    assert {tuple(refusal.details) for refusal in refusals} == {("ErrorInfo", "RequestInfo")}


async def test_an_unknown_name_causes_the_same_work(
    client: Client, ada: users_pb2.RegisterResponse, queries: QueryCount, database: asyncpg.Connection
) -> None:
    """The duration must not reveal it either: the statements are the same, and a hash is always checked."""
    await database.execute("UPDATE sessions SET peer_hash = sha256('elsewhere')")
    shapes = []
    for login in (ada.user.username, "nobody", ada.user.email, "nobody@example.org"):
        with queries.counted() as counted:
            await refused(client.users.Login(request(login, "wrong password")))
        shapes.append([statement.split(":")[0][:60] for statement in counted.sent])
    assert shapes[0] == shapes[1]
    assert shapes[2] == shapes[3]


async def test_every_sign_in_returns_a_new_token(
    client: Client, ada: users_pb2.RegisterResponse, database: asyncpg.Connection
) -> None:
    tokens = {(await client.users.Login(request("ada.l"))).access_token.token for _ in range(3)}
    assert len(tokens | {ada.access_token.token}) == 4
    actions = await database.fetch("SELECT action, resource, actor_user_id FROM audit_log ORDER BY id OFFSET 1")
    assert [tuple(row) for row in actions] == [("users.login", f"users/{ada.user.id}", ada.user.id)] * 3
    assert await database.fetchval("SELECT last_login_at > date_joined FROM users")


async def test_the_claims_of_a_token(client: Client, ada: users_pb2.RegisterResponse, settings: Settings) -> None:
    answer = await client.users.Login(request("ada.l"))
    claims = jwt.decode(answer.access_token.token, options={"verify_signature": False})
    assert claims["exp"] == answer.access_token.expire_time.seconds
    assert claims["exp"] - claims["iat"] == settings.access_token_ttl
    assert {name: claims[name] for name in ("typ", "sub", "iss", "aud", "roles", "epoch")} == {
        "typ": "access",
        "sub": str(ada.user.id),
        "iss": "marquee",
        "aud": "marquee",
        "roles": ["user"],
        "epoch": 0,
    }
    assert "example.org" not in str(claims)


@pytest.mark.parametrize(
    ("is_staff", "is_superuser", "roles"),
    [
        (True, False, ["staff", "user"]),
        (False, True, ["superuser", "user"]),
        (True, True, ["staff", "superuser", "user"]),
    ],
)
async def test_flags_of_the_account_become_roles_at_the_next_sign_in(
    client: Client,
    ada: users_pb2.RegisterResponse,
    database: asyncpg.Connection,
    is_staff: bool,  # noqa: FBT001 - a parameter of the test
    is_superuser: bool,  # noqa: FBT001 - a parameter of the test
    roles: list[str],
) -> None:
    await database.execute("UPDATE users SET is_staff = $1, is_superuser = $2", is_staff, is_superuser)
    answer = await client.users.Login(request(ada.user.username))
    assert jwt.decode(answer.access_token.token, options={"verify_signature": False})["roles"] == roles
    assert (answer.user.is_staff, answer.user.is_superuser) == (is_staff, is_superuser)


async def test_all_invalid_fields_are_reported_at_once(client: Client) -> None:
    refusal = await refused(client.users.Login(users_pb2.LoginRequest()))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.fields == {"login": "string.min_len", "password": "string.min_len"}
    refusal = await refused(client.users.Login(request("x" * 255, "x" * 129)))
    assert refusal.fields == {"login": "string.max_len", "password": "string.max_len"}
    refusal = await refused(client.users.Login(request("a\0b", "c\0d")))
    assert refusal.fields == {"login": "string.no_nul", "password": "string.no_nul"}
