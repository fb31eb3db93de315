"""Administration of accounts by staff."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from marquee.users.v1 import account_pb2, users_pb2

from tests.client import Client, refusal_of, refused


@pytest.fixture
async def staff(client: Client) -> Client:
    return await client.promoted(await client.registered("the-staff"))


@pytest.fixture
async def superuser(client: Client) -> Client:
    return await client.promoted(await client.registered("the-boss"), superuser=True)


def change(user: Client, *, etag: str = "", **flags: bool) -> users_pb2.UpdateUserRequest:
    return users_pb2.UpdateUserRequest(user_id=user.user_id, update_mask=FieldMask(paths=flags), etag=etag, **flags)


async def names(staff: Client, **filters: Any) -> list[str]:
    answer = await staff.users.ListUsers(users_pb2.ListUsersRequest(**filters))
    return [user.username for user in answer.users]


async def test_staff_and_the_owner_read_the_same_account(client: Client, staff: Client) -> None:
    user = await client.registered()
    own = (await user.users.GetProfile(users_pb2.GetProfileRequest())).user
    assert (await staff.users.GetUser(users_pb2.GetUserRequest(user_id=user.user_id))).user == own
    refusal = await refused(staff.users.GetUser(users_pb2.GetUserRequest(user_id=999_999)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "USER_NOT_FOUND")


@pytest.mark.usefixtures("superuser")
async def test_every_filter_selects_the_matching_accounts(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    await client.registered("zoe")
    await client.registered("max_100")
    await database.execute("UPDATE users SET is_active = false, first_name = 'Ma\u00df \\ 5%' WHERE username = 'zoe'")
    await database.execute("UPDATE users SET date_joined = '2001-01-01' WHERE username = 'max_100'")
    moment = Timestamp()
    moment.FromDatetime(datetime(2001, 1, 1, tzinfo=UTC))
    later = Timestamp()
    later.FromDatetime(datetime(2001, 1, 1, tzinfo=UTC) + timedelta(microseconds=1))
    everyone = ["max_100", "zoe", "the-staff", "the-boss"]
    assert await names(staff) == everyone
    assert await names(staff, role=account_pb2.ROLE_USER) == ["max_100", "zoe"]
    assert await names(staff, role=account_pb2.ROLE_STAFF) == ["the-staff"]
    assert await names(staff, role=account_pb2.ROLE_SUPERUSER) == ["the-boss"]
    assert await names(staff, is_active=False) == ["zoe"]
    assert await names(staff, is_active=True) == ["max_100", "the-staff", "the-boss"]
    assert await names(staff, joined_from=moment, joined_before=later) == ["max_100"]
    assert await names(staff, joined_from=later) == ["zoe", "the-staff", "the-boss"]
    assert await names(staff, joined_before=moment) == []
    assert await names(staff, text="ZOE") == ["zoe"]
    assert await names(staff, text="ma\u00df") == ["zoe"]
    assert await names(staff, text="Zoe@Example.org") == ["zoe"]
    assert await names(staff, text="zoe@") == []
    assert await names(staff, text="the-", is_active=True, role=account_pb2.ROLE_STAFF) == ["the-staff"]
    assert await names(staff, text="'; DROP TABLE users; --") == []


async def test_wildcard_characters_are_matched_literally(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    await client.registered("a_b")
    await client.registered("axc")
    await database.execute("UPDATE users SET last_name = '100% \\ sure' WHERE username = 'axc'")
    assert await names(staff, text="a_") == ["a_b"]
    assert await names(staff, text="0%") == ["axc"]
    assert await names(staff, text="\\") == ["axc"]
    assert await names(staff, text="%") == ["axc"]


async def test_pages_contain_every_account_once(staff: Client, database: asyncpg.Connection) -> None:
    await database.execute(
        "INSERT INTO users (username, email_encrypted, email_hash, password_hash)"
        " SELECT 'member' || n, email_encrypted, sha256(n::text::bytea), 'x'"
        " FROM users, generate_series(1, 23) AS n"
    )
    seen, token = [], ""
    while True:
        page = await staff.users.ListUsers(users_pb2.ListUsersRequest(page_size=10, page_token=token, text="MEMBER"))
        seen += [user.id for user in page.users]
        token = page.next_page_token
        if not token:
            break
    assert len(seen) == len(set(seen)) == 23
    assert seen == sorted(seen, reverse=True)


async def test_a_page_token_is_valid_only_for_its_filter(client: Client, staff: Client) -> None:
    await client.registered()
    page = await staff.users.ListUsers(users_pb2.ListUsersRequest(page_size=1))
    request = users_pb2.ListUsersRequest(page_size=1, page_token=page.next_page_token, is_active=True)
    assert (await refused(staff.users.ListUsers(request))).reason == "PAGE_TOKEN_INVALID"


async def test_staff_can_only_deactivate_users_without_roles(client: Client, staff: Client, superuser: Client) -> None:
    user = await client.registered()
    colleague = await client.promoted(await client.registered())
    answer = await staff.users.UpdateUser(change(user, is_active=False))
    assert not answer.user.is_active
    assert (await staff.users.UpdateUser(change(user, is_active=True))).user.is_active
    for request in (
        change(user, is_staff=True),
        change(user, is_superuser=True),
        change(user, is_active=False, is_staff=False),
        change(colleague, is_active=False),
        change(superuser, is_active=False),
    ):
        refusal = await refused(staff.users.UpdateUser(request))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")


async def test_superusers_grant_and_revoke_roles(
    client: Client, superuser: Client, database: asyncpg.Connection
) -> None:
    user = await client.registered()
    answer = await superuser.users.UpdateUser(change(user, is_staff=True, is_superuser=True))
    assert (answer.user.is_staff, answer.user.is_superuser) == (True, True)
    answer = await superuser.users.UpdateUser(change(user, is_staff=False, is_superuser=False, is_active=False))
    assert (answer.user.is_staff, answer.user.is_superuser, answer.user.is_active) == (False, False, False)
    events = await database.fetch(
        "SELECT actor_user_id, detail FROM audit_log WHERE action = 'users.update' ORDER BY id"
    )
    assert [event["actor_user_id"] for event in events] == [superuser.user_id] * 2
    assert "is_staff" in events[0]["detail"]


async def test_callers_cannot_change_their_own_account(superuser: Client, staff: Client) -> None:
    for caller in (superuser, staff):
        refusal = await refused(caller.users.UpdateUser(change(caller, is_active=False)))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "OWN_ACCOUNT")


async def test_two_superusers_cannot_demote_each_other_concurrently(client: Client, superuser: Client) -> None:
    """One superuser always remains."""
    rival = await client.promoted(await client.registered("rival"), superuser=True)
    answers = await asyncio.gather(
        superuser.users.UpdateUser(change(rival, is_superuser=False)),
        rival.users.UpdateUser(change(superuser, is_superuser=False)),
        return_exceptions=True,
    )
    errors = [refusal_of(answer).reason for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert len(errors) == 1
    assert errors[0] in {"ACCESS_DENIED", "TOKEN_INVALID"}


async def test_an_update_to_the_same_values_changes_nothing(client: Client, superuser: Client) -> None:
    user = await client.registered()
    before = (await user.users.GetProfile(users_pb2.GetProfileRequest())).user
    answer = await superuser.users.UpdateUser(change(user, is_active=True, is_staff=False))
    assert answer.user == before


async def test_a_stale_etag_changes_nothing(client: Client, superuser: Client) -> None:
    user = await client.registered()
    etag = (await user.users.GetProfile(users_pb2.GetProfileRequest())).user.etag
    await user.users.UpdateProfile(users_pb2.UpdateProfileRequest(bio="x"))
    refusal = await refused(superuser.users.UpdateUser(change(user, etag=etag, is_staff=True)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_STALE")


@pytest.mark.parametrize("path", ["*", "username", "email", "user_id", "password_hash", "is_staff.x", ""])
async def test_a_mask_with_any_other_field_is_refused(client: Client, superuser: Client, path: str) -> None:
    user = await client.registered()
    request = users_pb2.UpdateUserRequest(user_id=user.user_id, is_staff=True, update_mask=FieldMask(paths=[path]))
    assert (await refused(superuser.users.UpdateUser(request))).fields == {
        "update_mask.paths[0]": "update_mask.allowed"
    }


async def test_an_update_without_a_mask_is_refused(client: Client, superuser: Client) -> None:
    user = await client.registered()
    request = users_pb2.UpdateUserRequest(user_id=user.user_id, is_staff=True)
    assert (await refused(superuser.users.UpdateUser(request))).fields == {"update_mask": "required"}


async def test_a_demoted_user_can_no_longer_change_accounts(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    """For a moment, the token still contains the old role; the account decides."""
    user = await client.registered()
    await database.execute("UPDATE users SET is_staff = false WHERE id = $1", staff.user_id)
    assert (await refused(staff.users.UpdateUser(change(user, is_active=False)))).reason == "ACCESS_DENIED"
