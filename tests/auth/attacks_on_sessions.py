"""Attacks with tokens that were stolen, replayed, mixed up or outlived; each returns how its calls were refused."""

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
from tests.auth.forgery import signed
from tests.auth.key_files import remove_key
from tests.auth.scene import OWN, Scene, change, refresh
from tests.client import PASSWORD, Client, Refusal, refused
from tests.media.uploads import register, reject, upload, uploaded
from tests.outage import seconds_until
from tests.outbound import outbound_hosts

NEW_PASSWORD = "staple battery horse"


async def replays_the_first_of_four(scene: Scene) -> list[Refusal]:
    chain = [scene.victim.refresh_token]
    for _ in range(4):
        chain.append((await scene.nobody.users.RefreshTokens(refresh(chain[-1]))).refresh_token.token)
    return [await scene.refresh(token) for token in chain]


async def refreshes_before_the_owner_does(scene: Scene) -> list[Refusal]:
    """The owner comes second with the stolen token, and ends what the thief got for it."""
    stolen = scene.victim.refresh_token
    loot = await scene.nobody.users.RefreshTokens(refresh(stolen))
    owner = await scene.refresh(stolen)
    await _until_dead(scene, loot.access_token.token)
    return [owner, await scene.refresh(loot.refresh_token.token), await scene.call(loot.access_token.token)]


async def replays_from_many_sides_at_once(scene: Scene) -> list[Refusal]:
    """Whoever wins the race keeps nothing of it."""
    used = scene.victim.refresh_token
    current = (await scene.nobody.users.RefreshTokens(refresh(used))).refresh_token.token
    tokens = [used, current] * 10
    await asyncio.gather(*(scene.nobody.users.RefreshTokens(refresh(t)) for t in tokens), return_exceptions=True)
    return [await scene.refresh(used), await scene.refresh(current)]


async def names_anothers_session(scene: Scene) -> list[Refusal]:
    """For themselves, as if signing were no obstacle, and for its owner; the session that is named goes on."""
    (session,) = (await scene.victim.users.ListSessions(users_pb2.ListSessionsRequest())).sessions
    named: dict[str, Any] = {"typ": "refresh", "sid": session.id}
    tokens = (
        signed(scene.ring, sub=str(scene.attacker.user_id), **named),
        signed(scene.ring, sub=str(scene.victim.user_id), key=Ed25519PrivateKey.generate(), **named),
    )
    refusals = [await scene.refresh(token) for token in tokens]
    await scene.nobody.users.RefreshTokens(refresh(scene.victim.refresh_token))
    return refusals


async def outlives_the_account(scene: Scene) -> list[Refusal]:
    await scene.victim.users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password=PASSWORD))
    return await _all_refused(scene, scene.victim)


async def outlives_a_deactivation(scene: Scene) -> list[Refusal]:
    """To be active again brings no session back, not even one that nobody tried meanwhile."""
    boss, untried = await scene.superuser(), await scene.nobody.login(scene.victim)
    await boss.users.UpdateUser(change(scene.victim, is_active=False))
    refusals = await _all_refused(scene, scene.victim)
    await boss.users.UpdateUser(change(scene.victim, is_active=True))
    return refusals + await _all_refused(scene, untried)


async def outlives_a_new_password(scene: Scene) -> list[Refusal]:
    thief = await scene.nobody.login(scene.victim)
    request = users_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password=NEW_PASSWORD)
    await scene.victim.users.ChangePassword(request)
    return await _all_refused(scene, thief)


async def outlives_the_key(scene: Scene) -> list[Refusal]:
    """Tokens of every type, signed with a key that an operator has taken away."""
    older, _ = scene.ring.keys
    types: tuple[dict[str, Any], ...] = (
        {},
        {"typ": "refresh"},
        {"typ": "service", "scopes": [MEDIA_REGISTER], "roles": None},
    )
    by_older: dict[str, Any] = {"key": older.private, "headers": {"kid": older.kid}, "sub": str(scene.victim.user_id)}
    tokens = [signed(scene.ring, **by_older, **claims) for claims in types]
    access, refreshing, service = tokens
    await scene.nobody.with_token(access).users.GetProfile(OWN)
    remove_key(scene.nobody.settings.keys_dir, older.kid)
    await _until_dead(scene, access)
    robot = scene.nobody.with_token(service)
    return [
        await scene.call(access),
        await scene.refresh(refreshing),
        await refused(robot.media.RejectFile(reject("uploads/x"))),
    ]


async def brings_the_address_of_a_key(scene: Scene) -> list[Refusal]:
    """Nobody calls there, neither on this machine nor beyond."""
    with socket.create_server(("127.0.0.1", 0)) as listener, outbound_hosts() as left:
        listener.settimeout(0.2)
        here = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        tokens = [
            signed(scene.ring, typ="refresh", headers={name: address})
            for name in ("jku", "x5u", "jwk")
            for address in (here, "https://keys.attacker.example/jwks.json")
        ]
        refusals = [await scene.refresh(token) for token in tokens]
        refusals += [await scene.call(token) for token in tokens]
        with pytest.raises(TimeoutError):
            listener.accept()
    assert left == []
    return refusals


async def calls_as_a_service_what_is_for_users(scene: Scene) -> list[Refusal]:
    robot = scene.nobody.as_service(MEDIA_REGISTER, "*", "users")
    calls = (
        robot.users.GetProfile(OWN),
        robot.users.ListUsers(users_pb2.ListUsersRequest()),
        robot.users.UpdateUser(change(scene.victim, is_active=False)),
        robot.media.CreateUpload(upload()),
    )
    return [await refused(call) for call in calls]


async def calls_as_a_user_what_is_for_services(scene: Scene) -> list[Refusal]:
    """Nor may a service without the very scope."""
    file = await uploaded(scene.attacker)
    callers = (
        scene.attacker,
        await scene.superuser(),
        scene.nobody.as_service(),
        scene.nobody.as_service("media", "media.register.more", "*", ""),
    )
    return [
        refusal
        for caller in callers
        for refusal in (
            await refused(caller.media.RegisterFile(register(file.key))),
            await refused(caller.media.RejectFile(reject(file.key))),
        )
    ]


async def fixes_the_session_beforehand(scene: Scene) -> list[str]:
    """Returns the sessions that an attacker named whom the victim then signed in to."""
    chosen = str(uuid.uuid4())
    names = ("x-device-label", "x-session-id", "x-request-id", "session", "sid", "cookie")
    metadata = tuple((name, chosen) for name in names)
    await scene.nobody.users.Login(
        users_pb2.LoginRequest(login=scene.victim.username, password=PASSWORD), metadata=metadata
    )
    sessions = (await scene.victim.users.ListSessions(users_pb2.ListSessionsRequest())).sessions
    assert len(sessions) == 2
    return [session.id for session in sessions if session.id == chosen]


async def _all_refused(scene: Scene, session: Client) -> list[Refusal]:
    token = str(session.token)
    await _until_dead(scene, token)
    return [await scene.refresh(session.refresh_token), await scene.call(token)]


async def _until_dead(scene: Scene, token: str) -> None:
    """Waits until an access token is refused as such, which takes each worker up to 5 seconds."""

    async def is_dead() -> bool:
        try:
            await scene.nobody.with_token(token).users.GetProfile(OWN)
        except grpc.aio.AioRpcError:
            return (await scene.call(token)).reason == "TOKEN_INVALID"
        return False

    await seconds_until(is_dead)
