"""Attacks on data of other users and on roles: ids, field masks, unknown fields, roles, page tokens."""

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
from tests.auth.scenario import OWN, Scenario, change, refresh
from tests.client import PASSWORD, Refusal, refused
from tests.media.uploads import register, upload, uploaded
from tests.outage import seconds_until

UNKNOWN_ID = 999_999
UNKNOWN_UUID = "00000000-0000-4000-8000-000000000000"


async def end_session_of_another_user(scenario: Scenario) -> list[Refusal]:
    (session,) = (await scenario.victim.users.ListSessions(users_pb2.ListSessionsRequest())).sessions
    refusals = await _refused_as_if_absent(
        lambda name: scenario.attacker.users.RevokeSession(users_pb2.RevokeSessionRequest(session_id=name)),
        session.id,
        UNKNOWN_UUID,
    )
    await scenario.anonymous.users.RefreshTokens(refresh(scenario.victim.refresh_token))
    return refusals


async def read_file_of_another_user(scenario: Scenario) -> list[Refusal]:
    file_id = await _victim_avatar(scenario)
    return await _refused_as_if_absent(
        lambda id_: scenario.attacker.media.GetFile(media_pb2.GetFileRequest(id=id_)), file_id, UNKNOWN_ID
    )


async def use_file_of_another_user_as_avatar(scenario: Scenario) -> list[Refusal]:
    file_id = await _victim_avatar(scenario)
    return await _refused_as_if_absent(
        lambda id_: scenario.attacker.users.UpdateProfile(users_pb2.UpdateProfileRequest(avatar_file_id=id_)),
        file_id,
        UNKNOWN_ID,
    )


async def read_account_of_another_user(scenario: Scenario) -> list[Refusal]:
    return await _refused_as_if_absent(
        lambda id_: scenario.attacker.users.GetUser(users_pb2.GetUserRequest(user_id=id_)),
        scenario.victim.user_id,
        UNKNOWN_ID,
    )


async def change_account_of_another_user(scenario: Scenario) -> list[Refusal]:
    mask = FieldMask(paths=["is_active"])
    return await _refused_as_if_absent(
        lambda id_: scenario.attacker.users.UpdateUser(users_pb2.UpdateUserRequest(user_id=id_, update_mask=mask)),
        scenario.victim.user_id,
        UNKNOWN_ID,
    )


async def upload_poster_as_user(scenario: Scenario) -> list[Refusal]:
    movie_id = await scenario.database.fetchval("INSERT INTO movies (title) VALUES ('A movie') RETURNING id")
    return await _refused_as_if_absent(
        lambda id_: scenario.attacker.media.CreateUpload(upload("POSTER", movie_id=id_)), movie_id, UNKNOWN_ID
    )


async def read_audit_events_by_another_user(scenario: Scenario) -> list[Refusal]:
    return await _refused_as_if_absent(
        lambda id_: scenario.attacker.users.ListAuditEvents(users_pb2.ListAuditEventsRequest(actor_user_id=id_)),
        scenario.victim.user_id,
        UNKNOWN_ID,
    )


async def read_audit_events_about_another_user(scenario: Scenario) -> list[Any]:
    """Returns the events that the attacker sees."""
    resource = f"users/{scenario.victim.user_id}"
    request = users_pb2.ListAuditEventsRequest(resource=resource)
    assert (await scenario.victim.users.ListAuditEvents(request)).audit_events
    return list((await scenario.attacker.users.ListAuditEvents(request)).audit_events)


async def write_protected_fields_by_mask(scenario: Scenario) -> list[Refusal]:
    paths = ("*", "is_staff", "is_superuser", "user_id", "password_hash", "user.is_staff", "token_epoch", "date_joined")
    requests = [users_pb2.UpdateProfileRequest(bio="x", update_mask=FieldMask(paths=["bio", path])) for path in paths]
    refusals = [await refused(scenario.attacker.users.UpdateProfile(request)) for request in requests]
    superuser = await scenario.superuser()
    for path in ("*", "username", "email", "password_hash", "user_id"):
        request = users_pb2.UpdateUserRequest(user_id=scenario.victim.user_id, update_mask=FieldMask(paths=[path]))
        refusals.append(await refused(superuser.users.UpdateUser(request)))
    return refusals


async def send_unknown_fields(scenario: Scenario) -> list[str]:
    """Returns the rpcs that gave the attacker a role: each unknown field number of the request is sent as true."""
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
        # Encoded as varints: field number and wire type of a bool, then true.
        extra = b"".join(bytes([number << 3, 1]) for number in range(1, 16) if number not in known)
        rpc = request.DESCRIPTOR.name.removesuffix("Request")
        call: Any = scenario.anonymous.channel.unary_unary(f"/marquee.users.v1.UsersService/{rpc}")
        metadata = (("authorization", f"Bearer {scenario.attacker.token}"),)
        data = await call(request.SerializeToString() + extra, metadata=metadata, timeout=10)
        user = answer.FromString(data).user
        gained += [rpc] if user.is_staff or user.is_superuser else []
    assert await scenario.database.fetchval("SELECT count(*) FROM users WHERE is_staff OR is_superuser") == len(gained)
    return gained


async def give_roles_as_staff(scenario: Scenario) -> list[Refusal]:
    staff, superuser = await scenario.staff(), await scenario.superuser()
    requests = (
        change(scenario.victim, is_staff=True),
        change(scenario.victim, is_active=True, is_superuser=True),
        change(superuser, is_superuser=False),
        change(superuser, is_active=False),
    )
    return [await refused(staff.users.UpdateUser(request)) for request in requests]


async def give_role_to_itself(scenario: Scenario) -> list[Refusal]:
    staff, superuser = await scenario.staff(), await scenario.superuser()
    return [
        await refused(staff.users.UpdateUser(change(staff, is_superuser=True))),
        await refused(superuser.users.UpdateUser(change(superuser, is_staff=True))),
    ]


async def use_revoked_role(scenario: Scenario) -> list[Refusal]:
    """Waits until the old token is refused; new tokens do not contain the role."""
    staff, superuser = await scenario.staff(), await scenario.superuser()
    await superuser.users.UpdateUser(change(staff, is_staff=False))

    async def is_refused() -> bool:
        return (
            await refused(staff.users.UpdateUser(change(scenario.victim, is_active=False)))
        ).reason == "TOKEN_INVALID"

    await seconds_until(is_refused)
    tokens = await scenario.anonymous.users.RefreshTokens(refresh(staff.refresh_token))
    demoted = scenario.anonymous.with_token(tokens.access_token.token)
    assert not (await demoted.users.GetProfile(OWN)).user.is_staff
    return [
        await refused(demoted.users.ListUsers(users_pb2.ListUsersRequest())),
        await refused(demoted.users.UpdateUser(change(scenario.victim, is_active=False))),
    ]


async def send_forged_page_tokens(scenario: Scenario) -> list[Refusal]:
    """The tokens are random, changed, or belong to another list or caller."""
    staff = await scenario.staff()
    page = await staff.users.ListUsers(users_pb2.ListUsersRequest(page_size=1))
    audit_page = await staff.users.ListAuditEvents(users_pb2.ListAuditEventsRequest(page_size=1))
    users, events = page.next_page_token, audit_page.next_page_token
    tokens = [
        "x", "0", "-1", "1 OR 1=1", "=" * 40, "é" * 40, "../" * 20, "\u202e", "A" * 1000, secrets.token_urlsafe(48),
        users[:-1], users + "A", users.swapcase(), users[4:] + users[:4], events + users,
    ]  # fmt: skip
    refusals = []
    for token in (*tokens, events):
        request = users_pb2.ListUsersRequest(page_size=1, page_token=token)
        refusals.append(await refused(staff.users.ListUsers(request)))
    for caller, token in [*((staff, token) for token in (*tokens, users)), (scenario.attacker, events)]:
        audit_request = users_pb2.ListAuditEventsRequest(page_size=1, page_token=token)
        refusals.append(await refused(caller.users.ListAuditEvents(audit_request)))
    for token in (*tokens, users, events):
        movies = movies_pb2.ListMoviesRequest(page_token=token)
        refusals.append(await refused(scenario.anonymous.catalog.ListMovies(movies)))
        favorites = favorites_pb2.ListFavoritesRequest(page_token=token)
        refusals.append(await refused(scenario.attacker.favorites.ListFavorites(favorites)))
    return refusals


async def send_huge_page_tokens(scenario: Scenario) -> list[Refusal]:
    staff, huge = await scenario.staff(), "A" * 500_000
    return [
        await refused(staff.users.ListUsers(users_pb2.ListUsersRequest(page_token=huge))),
        await refused(staff.users.ListAuditEvents(users_pb2.ListAuditEventsRequest(page_token=huge))),
        await refused(scenario.anonymous.catalog.ListMovies(movies_pb2.ListMoviesRequest(page_token=huge))),
        await refused(scenario.attacker.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest(page_token=huge))),
    ]


async def _victim_avatar(scenario: Scenario) -> int:
    file = await uploaded(scenario.victim)
    await scenario.anonymous.as_service(MEDIA_REGISTER).media.RegisterFile(register(file.key))
    assert (await scenario.victim.users.GetProfile(OWN)).user.avatar.file_id == file.id
    return file.id


async def _refused_as_if_absent(
    call: Callable[[Any], Awaitable[Any]], foreign_id: object, unknown_id: object
) -> list[Refusal]:
    """Calls with the id of another user's resource and with an unknown id; the refusals may differ only in the id."""
    refusals = [await refused(call(one)) for one in (foreign_id, unknown_id)]
    texts = [
        re.sub(rf"\b{one}\b", "ID", _text_of(refusal))
        for refusal, one in zip(refusals, (foreign_id, unknown_id), strict=True)
    ]
    assert texts[0] == texts[1]
    return refusals


def _text_of(refusal: Refusal) -> str:
    return refusal.message + str([detail for name, detail in refusal.details.items() if name != "RequestInfo"])
