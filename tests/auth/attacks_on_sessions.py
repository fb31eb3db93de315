"""Attacks with stolen, replayed, confused or revoked tokens; each returns the refusals of its calls."""

from __future__ import annotations

import asyncio
import socket
import uuid
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from marquee.users.v1 import users_pb2

from service.auth.policy import MEDIA_REGISTER
from tests.auth.forged_tokens import signed
from tests.auth.key_files import remove_key
from tests.auth.scenario import OWN, Scenario, change, refresh
from tests.client import PASSWORD, Client, Refusal, refused
from tests.media.uploads import register, reject, upload, uploaded
from tests.outage import seconds_until
from tests.outbound import outbound_hosts

NEW_PASSWORD = "staple battery horse"


async def replay_first_refresh_token_of_a_chain(scenario: Scenario) -> list[Refusal]:
    chain = [scenario.victim.refresh_token]
    for _ in range(4):
        chain.append((await scenario.anonymous.users.RefreshTokens(refresh(chain[-1]))).refresh_token.token)
    return [await scenario.refresh(token) for token in chain]


async def refresh_before_the_owner(scenario: Scenario) -> list[Refusal]:
    """The owner uses the stolen token second, which ends the session of the thief."""
    stolen = scenario.victim.refresh_token
    stolen_pair = await scenario.anonymous.users.RefreshTokens(refresh(stolen))
    refusal = await scenario.refresh(stolen)
    await _wait_until_refused(scenario, stolen_pair.access_token.token)
    return [
        refusal,
        await scenario.refresh(stolen_pair.refresh_token.token),
        await scenario.call(stolen_pair.access_token.token),
    ]


async def replay_concurrently(scenario: Scenario) -> list[Refusal]:
    """The winner of the race loses the session, too."""
    used = scenario.victim.refresh_token
    current = (await scenario.anonymous.users.RefreshTokens(refresh(used))).refresh_token.token
    tokens = [used, current] * 10
    await asyncio.gather(*(scenario.anonymous.users.RefreshTokens(refresh(t)) for t in tokens), return_exceptions=True)
    return [await scenario.refresh(used), await scenario.refresh(current)]


async def use_session_id_of_another_user(scenario: Scenario) -> list[Refusal]:
    """With a valid signature for the attacker, and with another key for the owner; the session continues."""
    (session,) = (await scenario.victim.users.ListSessions(users_pb2.ListSessionsRequest())).sessions
    claims: dict[str, Any] = {"typ": "refresh", "sid": session.id}
    tokens = (
        signed(scenario.ring, sub=str(scenario.attacker.user_id), **claims),
        signed(scenario.ring, sub=str(scenario.victim.user_id), key=Ed25519PrivateKey.generate(), **claims),
    )
    refusals = [await scenario.refresh(token) for token in tokens]
    await scenario.anonymous.users.RefreshTokens(refresh(scenario.victim.refresh_token))
    return refusals


async def use_tokens_after_account_deletion(scenario: Scenario) -> list[Refusal]:
    await scenario.victim.users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password=PASSWORD))
    return await _refusals_of_all_tokens(scenario, scenario.victim)


async def use_tokens_after_deactivation(scenario: Scenario) -> list[Refusal]:
    """Reactivation restores no session, not even one that was not used in the meantime."""
    superuser, unused = await scenario.superuser(), await scenario.anonymous.login(scenario.victim)
    await superuser.users.UpdateUser(change(scenario.victim, is_active=False))
    refusals = await _refusals_of_all_tokens(scenario, scenario.victim)
    await superuser.users.UpdateUser(change(scenario.victim, is_active=True))
    return refusals + await _refusals_of_all_tokens(scenario, unused)


async def use_tokens_after_password_change(scenario: Scenario) -> list[Refusal]:
    thief = await scenario.anonymous.login(scenario.victim)
    request = users_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password=NEW_PASSWORD)
    await scenario.victim.users.ChangePassword(request)
    return await _refusals_of_all_tokens(scenario, thief)


async def use_tokens_after_key_removal(scenario: Scenario) -> list[Refusal]:
    """Tokens of every type, signed with a key that an operator has removed."""
    older, _ = scenario.ring.keys
    types: tuple[dict[str, Any], ...] = (
        {},
        {"typ": "refresh"},
        {"typ": "service", "scopes": [MEDIA_REGISTER], "roles": None},
    )
    by_older: dict[str, Any] = {
        "key": older.private,
        "headers": {"kid": older.kid},
        "sub": str(scenario.victim.user_id),
    }
    tokens = [signed(scenario.ring, **by_older, **type_claims) for type_claims in types]
    access, refreshing, service = tokens
    await scenario.anonymous.with_token(access).users.GetProfile(OWN)
    remove_key(scenario.anonymous.settings.keys_dir, older.kid)
    await _wait_until_refused(scenario, access)
    service_client = scenario.anonymous.with_token(service)
    return [
        await scenario.call(access),
        await scenario.refresh(refreshing),
        await refused(service_client.media.RejectFile(reject("uploads/x"))),
    ]


async def send_key_address_in_header(scenario: Scenario) -> list[Refusal]:
    """The server calls the address neither on this machine nor outside."""
    with socket.create_server(("127.0.0.1", 0)) as listener, outbound_hosts() as left:
        listener.settimeout(0.2)
        here = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        tokens = [
            signed(scenario.ring, typ="refresh", headers={name: address})
            for name in ("jku", "x5u", "jwk")
            for address in (here, "https://keys.attacker.example/jwks.json")
        ]
        refusals = [await scenario.refresh(token) for token in tokens]
        refusals += [await scenario.call(token) for token in tokens]
        with pytest.raises(TimeoutError):
            listener.accept()
    assert left == []
    return refusals


async def call_user_rpcs_as_a_service(scenario: Scenario) -> list[Refusal]:
    service_client = scenario.anonymous.as_service(MEDIA_REGISTER, "*", "users")
    calls = (
        service_client.users.GetProfile(OWN),
        service_client.users.ListUsers(users_pb2.ListUsersRequest()),
        service_client.users.UpdateUser(change(scenario.victim, is_active=False)),
        service_client.media.CreateUpload(upload()),
    )
    return [await refused(call) for call in calls]


async def call_service_rpcs_as_a_user(scenario: Scenario) -> list[Refusal]:
    """A service without exactly this scope is refused, too."""
    file = await uploaded(scenario.attacker)
    callers = (
        scenario.attacker,
        await scenario.superuser(),
        scenario.anonymous.as_service(),
        scenario.anonymous.as_service("media", "media.register.more", "*", ""),
    )
    return [
        refusal
        for caller in callers
        for refusal in (
            await refused(caller.media.RegisterFile(register(file.key))),
            await refused(caller.media.RejectFile(reject(file.key))),
        )
    ]


async def fix_session_id_before_login(scenario: Scenario) -> list[str]:
    """Returns the sessions of the victim whose id the attacker chose before the login."""
    chosen = str(uuid.uuid4())
    names = ("x-device-label", "x-session-id", "x-request-id", "session", "sid", "cookie")
    metadata = tuple((name, chosen) for name in names)
    await scenario.anonymous.users.Login(
        users_pb2.LoginRequest(login=scenario.victim.username, password=PASSWORD), metadata=metadata
    )
    sessions = (await scenario.victim.users.ListSessions(users_pb2.ListSessionsRequest())).sessions
    assert len(sessions) == 2
    return [session.id for session in sessions if session.id == chosen]


async def _refusals_of_all_tokens(scenario: Scenario, session: Client) -> list[Refusal]:
    token = str(session.token)
    await _wait_until_refused(scenario, token)
    return [await scenario.refresh(session.refresh_token), await scenario.call(token)]


async def _wait_until_refused(scenario: Scenario, token: str) -> None:
    """Waits until an access token is refused, which takes each worker up to 5 seconds."""

    async def is_refused() -> bool:
        try:
            await scenario.anonymous.with_token(token).users.GetProfile(OWN)
        except grpc.aio.AioRpcError:
            return (await scenario.call(token)).reason == "TOKEN_INVALID"
        return False

    await seconds_until(is_refused)
