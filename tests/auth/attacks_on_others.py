"""Attacks on what is another's or above one's station: ids, masks, fields that are not there, roles, page tokens."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import movies_pb2
from marquee.favorites.v1 import favorites_pb2
from marquee.media.v1 import media_pb2
from marquee.users.v1 import users_pb2

from service.auth.policy import MEDIA_REGISTER
from tests.auth.scene import OWN, Scene, change, refresh
from tests.client import PASSWORD, Refusal, refused
from tests.media.uploads import register, upload, uploaded
from tests.outage import seconds_until

UNKNOWN_ID = 999_999
UNKNOWN_UUID = "00000000-0000-4000-8000-000000000000"


async def ends_anothers_session(scene: Scene) -> list[Refusal]:
    (session,) = (await scene.victim.users.ListSessions(users_pb2.ListSessionsRequest())).sessions
    refusals = await _as_if_absent(
        lambda name: scene.attacker.users.RevokeSession(users_pb2.RevokeSessionRequest(session_id=name)),
        session.id,
        UNKNOWN_UUID,
    )
    await scene.nobody.users.RefreshTokens(refresh(scene.victim.refresh_token))
    return refusals


async def looks_at_anothers_file(scene: Scene) -> list[Refusal]:
    file_id = await _victims_avatar(scene)
    return await _as_if_absent(
        lambda id_: scene.attacker.media.GetFile(media_pb2.GetFileRequest(id=id_)), file_id, UNKNOWN_ID
    )


async def takes_anothers_picture_as_avatar(scene: Scene) -> list[Refusal]:
    file_id = await _victims_avatar(scene)
    return await _as_if_absent(
        lambda id_: scene.attacker.users.UpdateProfile(users_pb2.UpdateProfileRequest(avatar_file_id=id_)),
        file_id,
        UNKNOWN_ID,
    )


async def looks_at_anothers_account(scene: Scene) -> list[Refusal]:
    return await _as_if_absent(
        lambda id_: scene.attacker.users.GetUser(users_pb2.GetUserRequest(user_id=id_)),
        scene.victim.user_id,
        UNKNOWN_ID,
    )


async def changes_anothers_account(scene: Scene) -> list[Refusal]:
    mask = FieldMask(paths=["is_active"])
    return await _as_if_absent(
        lambda id_: scene.attacker.users.UpdateUser(users_pb2.UpdateUserRequest(user_id=id_, update_mask=mask)),
        scene.victim.user_id,
        UNKNOWN_ID,
    )


async def uploads_a_poster(scene: Scene) -> list[Refusal]:
    movie_id = await scene.database.fetchval("INSERT INTO movies (title) VALUES ('A movie') RETURNING id")
    return await _as_if_absent(
        lambda id_: scene.attacker.media.CreateUpload(upload("POSTER", movie_id=id_)), movie_id, UNKNOWN_ID
    )


async def asks_what_another_did(scene: Scene) -> list[Refusal]:
    return await _as_if_absent(
        lambda id_: scene.attacker.users.ListAuditEvents(users_pb2.ListAuditEventsRequest(actor_user_id=id_)),
        scene.victim.user_id,
        UNKNOWN_ID,
    )


async def asks_what_was_done_to_another(scene: Scene) -> list[Any]:
    """Returns the events that are shown."""
    resource = f"users/{scene.victim.user_id}"
    request = users_pb2.ListAuditEventsRequest(resource=resource)
    assert (await scene.victim.users.ListAuditEvents(request)).audit_events
    return list((await scene.attacker.users.ListAuditEvents(request)).audit_events)


async def writes_what_no_mask_may_name(scene: Scene) -> list[Refusal]:
    paths = ("*", "is_staff", "is_superuser", "user_id", "password_hash", "user.is_staff", "token_epoch", "date_joined")
    requests = [users_pb2.UpdateProfileRequest(bio="x", update_mask=FieldMask(paths=["bio", path])) for path in paths]
    refusals = [await refused(scene.attacker.users.UpdateProfile(request)) for request in requests]
    boss = await scene.superuser()
    for path in ("*", "username", "email", "password_hash", "user_id"):
        request = users_pb2.UpdateUserRequest(user_id=scene.victim.user_id, update_mask=FieldMask(paths=[path]))
        refusals.append(await refused(boss.users.UpdateUser(request)))
    return refusals


async def sends_fields_that_there_are_not(scene: Scene) -> list[str]:
    """Returns the rpcs by which an attacker got a role: under every number that a request lacks, it is sent true."""
    calls = (
        (
            users_pb2.RegisterRequest(username="mallory", email="mallory@example.org", password=PASSWORD),
            users_pb2.RegisterResponse,
        ),
        (users_pb2.UpdateProfileRequest(bio="x"), users_pb2.UpdateProfileResponse),
    )
    gained = []
    for request, answer in calls:
        known = {field.number for field in request.DESCRIPTOR.fields}
        # As varints: the number with the type of a bool, then true.
        extra = b"".join(bytes([number << 3, 1]) for number in range(1, 16) if number not in known)
        rpc = request.DESCRIPTOR.name.removesuffix("Request")
        call: Any = scene.nobody.channel.unary_unary(f"/marquee.users.v1.UsersService/{rpc}")
        metadata = (("authorization", f"Bearer {scene.attacker.token}"),)
        data = await call(request.SerializeToString() + extra, metadata=metadata, timeout=10)
        user = answer.FromString(data).user
        gained += [rpc] if user.is_staff or user.is_superuser else []
    assert await scene.database.fetchval("SELECT count(*) FROM users WHERE is_staff OR is_superuser") == len(gained)
    return gained


async def gives_roles_as_staff(scene: Scene) -> list[Refusal]:
    staff, boss = await scene.staff(), await scene.superuser()
    requests = (
        change(scene.victim, is_staff=True),
        change(scene.victim, is_active=True, is_superuser=True),
        change(boss, is_superuser=False),
        change(boss, is_active=False),
    )
    return [await refused(staff.users.UpdateUser(request)) for request in requests]


async def gives_itself_a_role(scene: Scene) -> list[Refusal]:
    staff, boss = await scene.staff(), await scene.superuser()
    return [
        await refused(staff.users.UpdateUser(change(staff, is_superuser=True))),
        await refused(boss.users.UpdateUser(change(boss, is_staff=True))),
    ]


async def uses_a_role_that_was_taken(scene: Scene) -> list[Refusal]:
    """New tokens come without it; that the old one is refused is waited for."""
    staff, boss = await scene.staff(), await scene.superuser()
    await boss.users.UpdateUser(change(staff, is_staff=False))

    async def is_refused() -> bool:
        return (await refused(staff.users.UpdateUser(change(scene.victim, is_active=False)))).reason == "TOKEN_INVALID"

    await seconds_until(is_refused)
    tokens = await scene.nobody.users.RefreshTokens(refresh(staff.refresh_token))
    demoted = scene.nobody.with_token(tokens.access_token.token)
    assert not (await demoted.users.GetProfile(OWN)).user.is_staff
    return [
        await refused(demoted.users.ListUsers(users_pb2.ListUsersRequest())),
        await refused(demoted.users.UpdateUser(change(scene.victim, is_active=False))),
    ]


async def brings_page_tokens_of_its_own(scene: Scene) -> list[Refusal]:
    """Made up, altered, of another key, list or caller."""
    staff = await scene.staff()
    page = await staff.users.ListUsers(users_pb2.ListUsersRequest(page_size=1))
    trail = await staff.users.ListAuditEvents(users_pb2.ListAuditEventsRequest(page_size=1))
    users, events = page.next_page_token, trail.next_page_token
    tokens = [
        "x", "0", "-1", "1 OR 1=1", "=" * 40, "é" * 40, "../" * 20, "\u202e", "A" * 1000, secrets.token_urlsafe(48),
        users[:-1], users + "A", users.swapcase(), users[4:] + users[:4], events + users,
    ]  # fmt: skip
    refusals = []
    for token in (*tokens, events):
        request = users_pb2.ListUsersRequest(page_size=1, page_token=token)
        refusals.append(await refused(staff.users.ListUsers(request)))
    for caller, token in [*((staff, token) for token in (*tokens, users)), (scene.attacker, events)]:
        trail_request = users_pb2.ListAuditEventsRequest(page_size=1, page_token=token)
        refusals.append(await refused(caller.users.ListAuditEvents(trail_request)))
    for token in (*tokens, users, events):
        movies = movies_pb2.ListMoviesRequest(page_token=token)
        refusals.append(await refused(scene.nobody.catalog.ListMovies(movies)))
        favorites = favorites_pb2.ListFavoritesRequest(page_token=token)
        refusals.append(await refused(scene.attacker.favorites.ListFavorites(favorites)))
    return refusals


async def brings_huge_page_tokens(scene: Scene) -> list[Refusal]:
    staff, huge = await scene.staff(), "A" * 500_000
    return [
        await refused(staff.users.ListUsers(users_pb2.ListUsersRequest(page_token=huge))),
        await refused(staff.users.ListAuditEvents(users_pb2.ListAuditEventsRequest(page_token=huge))),
        await refused(scene.nobody.catalog.ListMovies(movies_pb2.ListMoviesRequest(page_token=huge))),
        await refused(scene.attacker.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest(page_token=huge))),
    ]


async def _victims_avatar(scene: Scene) -> int:
    file = await uploaded(scene.victim)
    await scene.nobody.as_service(MEDIA_REGISTER).media.RegisterFile(register(file.key))
    assert (await scene.victim.users.GetProfile(OWN)).user.avatar.file_id == file.id
    return file.id


async def _as_if_absent(call: Callable[[Any], Awaitable[Any]], theirs: object, nobodys: object) -> list[Refusal]:
    """Calls with the id of something of another's and with one that never was; but for the id, both are told alike."""
    refusals = [await refused(call(one)) for one in (theirs, nobodys)]
    told = [
        re.sub(rf"\b{one}\b", "ID", _told(refusal)) for refusal, one in zip(refusals, (theirs, nobodys), strict=True)
    ]
    assert told[0] == told[1]
    return refusals


def _told(refusal: Refusal) -> str:
    return refusal.message + str([detail for name, detail in refusal.details.items() if name != "RequestInfo"])
