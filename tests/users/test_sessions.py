"""Sessions through a real server: refresh, stolen tokens, revocation, and the time until it takes effect."""

from __future__ import annotations

import asyncio
import hashlib
import uuid

import argon2
import asyncpg
import grpc
import jwt
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.users.v1 import session_pb2, users_pb2

from tests.client import PASSWORD, Client, refusal_of, refused

OWN = users_pb2.GetProfileRequest()
INVALID = (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID", "the token is not valid; sign in again")
OTHER_PASSWORD = "staple battery horse"


async def refresh(client: Client, token: str) -> users_pb2.RefreshTokensResponse:
    answer: users_pb2.RefreshTokensResponse = await client.users.RefreshTokens(
        users_pb2.RefreshTokensRequest(refresh_token=token)
    )
    return answer


async def refresh_refusal(client: Client, token: str) -> tuple[grpc.StatusCode, str, str]:
    refusal = await refused(client.users.RefreshTokens(users_pb2.RefreshTokensRequest(refresh_token=token)))
    return refusal.code, refusal.reason, refusal.message


async def sessions_of(user: Client) -> list[session_pb2.Session]:
    return list((await user.users.ListSessions(users_pb2.ListSessionsRequest())).sessions)


async def is_refused_soon(user: Client) -> bool:
    """Returns whether an access token is refused within the documented 5 seconds."""
    for _ in range(50):
        try:
            await user.users.ListSessions(users_pb2.ListSessionsRequest())
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            return (refusal.code, refusal.reason, refusal.message) == INVALID
        await asyncio.sleep(0.1)
    return False


async def test_a_refresh_returns_valid_tokens(client: Client) -> None:
    user = await client.registered()
    first = await refresh(client, user.refresh_token)
    assert (await client.with_token(first.access_token.token).users.GetProfile(OWN)).user.id == user.user_id
    second = await refresh(client, first.refresh_token.token)
    assert len({user.refresh_token, first.refresh_token.token, second.refresh_token.token}) == 3
    assert len(await sessions_of(user)) == 1


async def test_tokens_are_stored_only_as_hashes(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    rows = await database.fetch("SELECT token_sha256 FROM sessions")
    assert [bytes(row[0]) for row in rows] == [hashlib.sha256(user.refresh_token.encode()).digest()]
    assert user.refresh_token not in str(await database.fetch("SELECT * FROM sessions, audit_log"))


async def test_a_reused_refresh_token_ends_its_session(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    elsewhere = await client.login(user)
    chain = [user.refresh_token]
    for _ in range(3):
        chain.append((await refresh(client, chain[-1])).refresh_token.token)
    newest_access = client.with_token((await refresh(client, chain[-1])).access_token.token)
    assert await refresh_refusal(client, chain[0]) == INVALID
    assert [await refresh_refusal(client, token) for token in chain] == [INVALID] * 4
    assert await is_refused_soon(newest_access)
    assert await is_refused_soon(user)
    assert (await elsewhere.users.GetProfile(OWN)).user.id == user.user_id
    await refresh(client, elsewhere.refresh_token)
    events = await database.fetch("SELECT resource, outcome, detail FROM audit_log WHERE action LIKE '%reused'")
    assert len(events) == 1
    assert events[0]["resource"] == f"users/{user.user_id}"
    assert events[0]["outcome"] == "denied"


async def test_one_of_fifty_concurrent_refreshes_of_a_token_succeeds(client: Client) -> None:
    user = await client.registered()
    request = users_pb2.RefreshTokensRequest(refresh_token=user.refresh_token)
    answers = await asyncio.gather(*(client.users.RefreshTokens(request) for _ in range(50)), return_exceptions=True)
    winners = [answer for answer in answers if isinstance(answer, users_pb2.RefreshTokensResponse)]
    refusals = [refusal_of(answer) for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert (len(winners), len(refusals)) == (1, 49)
    assert {refusal.reason for refusal in refusals} == {"TOKEN_INVALID"}
    # The server cannot distinguish the others from a thief, so the session has ended.
    assert await refresh_refusal(client, winners[0].refresh_token.token) == INVALID


async def test_logout_ends_only_this_session(client: Client) -> None:
    user = await client.registered()
    elsewhere = await client.login(user)
    await user.users.Logout(users_pb2.LogoutRequest())
    assert await refresh_refusal(client, user.refresh_token) == INVALID
    assert await is_refused_soon(user)
    assert len(await sessions_of(elsewhere)) == 1
    await elsewhere.users.Logout(users_pb2.LogoutRequest())
    assert await is_refused_soon(elsewhere)


async def test_logout_of_all_ends_every_session(client: Client) -> None:
    user, stranger = await client.registered(), await client.registered()
    devices = [await client.login(user) for _ in range(3)]
    await user.users.Logout(users_pb2.LogoutRequest(all_sessions=True))
    assert [await is_refused_soon(device) for device in (user, *devices)] == [True] * 4
    assert [await refresh_refusal(client, device.refresh_token) for device in devices] == [INVALID] * 3
    assert len(await sessions_of(stranger)) == 1


async def test_listed_sessions_have_distinguishing_details(client: Client) -> None:
    user = await client.registered()
    phone = await client.login(user, device="Ada's phone")
    await refresh(client, user.refresh_token)
    here, there = await sessions_of(user)
    assert (here.is_current, there.is_current) == (True, False)
    assert here.label.startswith("grpc-python")
    assert there.label == "Ada's phone"
    assert here.last_use_time.ToDatetime() > there.last_use_time.ToDatetime() >= there.create_time.ToDatetime()
    assert here.expire_time.ToDatetime() > there.expire_time.ToDatetime()
    assert [session.is_current for session in await sessions_of(phone)] == [False, True]


async def test_only_the_owner_can_revoke_a_session(client: Client) -> None:
    user, stranger = await client.registered(), await client.registered()
    elsewhere = await client.login(user)
    (session_id,) = (session.id for session in await sessions_of(user) if not session.is_current)
    request = users_pb2.RevokeSessionRequest(session_id=session_id)
    refusals = [
        await refused(stranger.users.RevokeSession(request)),
        await refused(stranger.users.RevokeSession(users_pb2.RevokeSessionRequest(session_id=str(uuid.uuid4())))),
    ]
    assert {refusal.reason for refusal in refusals} == {"SESSION_NOT_FOUND"}
    for _ in range(2):
        await user.users.RevokeSession(request)
    assert await is_refused_soon(elsewhere)
    assert await refresh_refusal(client, elsewhere.refresh_token) == INVALID
    assert [session.is_current for session in await sessions_of(user)] == [True]


async def test_an_invalid_session_id_is_refused(client: Client) -> None:
    user = await client.registered()
    for session_id in ("", "1", "x" * 36, str(uuid.uuid4()) + " "):
        refusal = await refused(user.users.RevokeSession(users_pb2.RevokeSessionRequest(session_id=session_id)))
        assert list(refusal.fields) == ["session_id"], session_id


async def test_a_new_password_ends_the_other_sessions(client: Client) -> None:
    user = await client.registered()
    others = [await client.login(user) for _ in range(2)]
    request = users_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password=OTHER_PASSWORD)
    assert (await user.users.ChangePassword(request)).sessions_ended == 2
    assert [await is_refused_soon(other) for other in others] == [True, True]
    assert (await user.users.GetProfile(OWN)).user.id == user.user_id
    await refresh(client, user.refresh_token)
    assert (await refused(user.users.ChangePassword(request))).reason == "PASSWORD_WRONG"
    await client.login(user, OTHER_PASSWORD)


@pytest.mark.parametrize(
    ("current", "new", "fields"),
    [
        ("wrong", OTHER_PASSWORD, {"current_password": "password.matches"}),
        (PASSWORD, "password1", {"new_password": "password.common"}),
        (PASSWORD, "short", {"new_password": "string.min_len"}),
        (PASSWORD, "x" * 129, {"new_password": "string.max_len"}),
        ("", OTHER_PASSWORD, {"current_password": "string.min_len"}),
    ],
)
async def test_a_refused_password_change_changes_nothing(
    client: Client, current: str, new: str, fields: dict[str, str]
) -> None:
    user = await client.registered()
    request = users_pb2.ChangePasswordRequest(current_password=current, new_password=new)
    assert (await refused(user.users.ChangePassword(request))).fields == fields
    await client.login(user)


async def test_a_deactivated_user_loses_access_and_refresh(client: Client) -> None:
    user, boss = await client.registered(), await client.registered()
    staff = await client.promoted(boss)
    elsewhere = await client.login(user)
    await staff.users.UpdateUser(
        users_pb2.UpdateUserRequest(user_id=user.user_id, is_active=False, update_mask=FieldMask(paths=["is_active"]))
    )
    assert [await is_refused_soon(device) for device in (user, elsewhere)] == [True, True]
    for device in (user, elsewhere):
        assert await refresh_refusal(client, device.refresh_token) == INVALID


async def test_a_new_role_ends_access_tokens_and_is_in_the_next_one(client: Client) -> None:
    user, boss = await client.registered(), await client.registered()
    superuser = await client.promoted(boss, superuser=True)
    await superuser.users.UpdateUser(
        users_pb2.UpdateUserRequest(user_id=user.user_id, is_staff=True, update_mask=FieldMask(paths=["is_staff"]))
    )
    assert await is_refused_soon(user)
    fresh = await refresh(client, user.refresh_token)
    claims = jwt.decode(fresh.access_token.token, options={"verify_signature": False})
    assert (claims["roles"], claims["epoch"]) == (["staff", "user"], 1)
    assert (await client.with_token(fresh.access_token.token).users.GetProfile(OWN)).user.is_staff


async def test_the_least_recently_used_session_is_ended_at_the_limit(
    client: Client, database: asyncpg.Connection
) -> None:
    user = await client.registered()
    await database.execute(
        "INSERT INTO sessions (id, user_id, peer_hash, token_sha256, last_used_at, expires_at)"
        " SELECT gen_random_uuid(), $1, sha256('x'), sha256('x'),"
        " now() - n * interval '1 hour', now() + interval '1 day'"
        " FROM generate_series(1, 49) AS n",
        user.user_id,
    )
    newest = await client.login(user)
    assert len(await sessions_of(newest)) == 50
    gone = await database.fetch(
        "SELECT now() - last_used_at > interval '48 hours' FROM sessions WHERE revoked_at IS NOT NULL"
    )
    assert [row[0] for row in gone] == [True]


async def test_an_expired_session_cannot_be_refreshed(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    await database.execute("UPDATE sessions SET expires_at = now()")
    assert await refresh_refusal(client, user.refresh_token) == INVALID
    assert await sessions_of(user) == []


async def test_a_hash_with_old_parameters_is_replaced_at_sign_in(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    old = argon2.PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1).hash(PASSWORD)
    await database.execute("UPDATE users SET password_hash = $1", old)
    await client.login(user)
    new = await database.fetchval("SELECT password_hash FROM users")
    assert new != old
    assert "m=64,t=1,p=1" in new
    await client.login(user)
    assert await database.fetchval("SELECT password_hash FROM users") == new
