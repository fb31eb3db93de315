"""The audit trail: users and staff can read it, and nobody can change it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from marquee.users.v1 import audit_pb2, users_pb2

from tests.client import PASSWORD, Client, refused


async def events(caller: Client, **filters: Any) -> list[audit_pb2.AuditEvent]:
    answer = await caller.users.ListAuditEvents(users_pb2.ListAuditEventsRequest(**filters))
    return list(answer.audit_events)


async def test_users_list_events_that_they_caused_or_that_concern_them(client: Client) -> None:
    user, other = await client.registered(), await client.registered()
    boss = await client.promoted(await client.registered(), superuser=True)
    await refused(client.users.Login(users_pb2.LoginRequest(login=user.username, password="wrong password")))
    await user.users.UpdateProfile(users_pb2.UpdateProfileRequest(bio="x"))
    for active in (False, True):
        mask = FieldMask(paths=["is_active"])
        request = users_pb2.UpdateUserRequest(user_id=user.user_id, is_active=active, update_mask=mask)
        await boss.users.UpdateUser(request)
    again = await client.login(user)
    seen = [(event.action, event.outcome) for event in await events(again)]
    assert seen == [
        ("users.login", "ok"),
        ("users.update", "ok"),
        ("users.update", "ok"),
        ("users.update_profile", "ok"),
        ("users.password_check", "denied"),
        ("users.register", "ok"),
    ]
    assert [event.action for event in await events(other)] == ["users.register"]
    assert {event.resource for event in await events(again)} == {f"users/{user.user_id}"}


async def test_users_cannot_list_events_of_other_users(client: Client) -> None:
    user, other = await client.registered(), await client.registered()
    refusal = await refused(user.users.ListAuditEvents(users_pb2.ListAuditEventsRequest(actor_user_id=other.user_id)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")
    assert await events(user, resource=f"users/{other.user_id}") == []
    assert len(await events(user, actor_user_id=user.user_id)) == 1


async def test_every_filter_of_staff_selects_the_matching_events(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    staff = await client.promoted(await client.registered())
    await user.users.Logout(users_pb2.LogoutRequest())
    assert [event.action for event in await events(staff, actor_user_id=user.user_id)] == [
        "users.logout",
        "users.register",
    ]
    assert len(await events(staff, action="users.register")) == 2
    assert [event.action for event in await events(staff, resource=f"users/{staff.user_id}")] == [
        "users.login",
        "users.register",
    ]
    assert len(await events(staff)) == 4
    await database.execute(
        "INSERT INTO audit_log (action, resource, outcome, created_at) VALUES ('old', 'x', 'ok', '2001-01-01')"
    )
    early, late = Timestamp(), Timestamp()
    early.FromDatetime(datetime(2001, 1, 1, tzinfo=UTC))
    late.FromDatetime(datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=1))
    assert [event.action for event in await events(staff, created_from=early, created_before=late)] == ["old"]
    assert await events(staff, created_before=early) == []
    assert len(await events(staff, created_from=late)) == 4


async def test_pages_contain_every_event_once(client: Client, database: asyncpg.Connection) -> None:
    staff = await client.promoted(await client.registered())
    await database.execute(
        "INSERT INTO audit_log (action, resource, outcome) SELECT 'x', n::text, 'ok' FROM generate_series(1, 25) AS n"
    )
    seen, token = [], ""
    while True:
        request = users_pb2.ListAuditEventsRequest(action="x", page_size=10, page_token=token)
        page = await staff.users.ListAuditEvents(request)
        seen += [int(event.resource) for event in page.audit_events]
        token = page.next_page_token
        if not token:
            break
    assert seen == list(range(25, 0, -1))


async def test_a_page_token_of_another_user_is_refused(client: Client) -> None:
    user, other = await client.registered(), await client.registered()
    await user.users.UpdateProfile(users_pb2.UpdateProfileRequest(bio="x"))
    page = await user.users.ListAuditEvents(users_pb2.ListAuditEventsRequest(page_size=1))
    request = users_pb2.ListAuditEventsRequest(page_size=1, page_token=page.next_page_token)
    assert (await refused(other.users.ListAuditEvents(request))).reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET outcome = 'ok'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_events_cannot_be_changed_or_deleted(
    client: Client, database: asyncpg.Connection, statement: str
) -> None:
    await client.registered()
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await database.execute(statement)
    assert await database.fetchval("SELECT count(*) FROM audit_log") == 1


async def test_events_contain_no_secrets(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    await client.login(user, device="Ada's own device")
    await refused(client.users.Login(users_pb2.LoginRequest(login="Nobody@example.org", password="my secret word")))
    await user.users.ChangePassword(
        users_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password="another fine secret")
    )
    trail = str(await database.fetch("SELECT * FROM audit_log")).casefold()
    secrets = (
        user.username,
        "example.org",
        "nobody",
        PASSWORD,
        "secret",
        "own device",
        "127.0.0.1",
        user.refresh_token,
    )
    assert [secret for secret in secrets if secret.casefold() in trail] == []
