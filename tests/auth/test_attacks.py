"""Attacks on accounts through a real server, each with its expected result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import grpc
import pytest

from service.settings import Settings
from tests.auth import attacks_on_other_users as other_users
from tests.auth import attacks_on_passwords as passwords
from tests.auth import attacks_on_sessions as sessions
from tests.auth.key_files import create_key
from tests.auth.scenario import Scenario
from tests.client import Client, Refusal
from tests.conftest import SettingsFactory

Refused: TypeAlias = Callable[[Scenario], Awaitable[Collection[Refusal]]]
Unrewarded: TypeAlias = Callable[[Scenario], Awaitable[Collection[Any]]]
ExpectedRefusal: TypeAlias = tuple[grpc.StatusCode, str]

TOKEN_INVALID = (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")
ACCESS_DENIED = (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")
TOO_MANY_ATTEMPTS = (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_ATTEMPTS")
FIELDS_INVALID = (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
PAGE_TOKEN_INVALID = (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")
SESSION_NOT_FOUND = (grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")
FILE_NOT_FOUND = (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")
OWN_ACCOUNT = (grpc.StatusCode.FAILED_PRECONDITION, "OWN_ACCOUNT")

# Attacks, with the expected answer of each call that they return.
REFUSED: dict[Refused, ExpectedRefusal] = {
    sessions.replay_first_refresh_token_of_a_chain: TOKEN_INVALID,
    sessions.refresh_before_the_owner: TOKEN_INVALID,
    sessions.replay_concurrently: TOKEN_INVALID,
    sessions.use_session_id_of_another_user: TOKEN_INVALID,
    sessions.use_tokens_after_account_deletion: TOKEN_INVALID,
    sessions.use_tokens_after_deactivation: TOKEN_INVALID,
    sessions.use_tokens_after_password_change: TOKEN_INVALID,
    sessions.use_tokens_after_key_removal: TOKEN_INVALID,
    sessions.send_key_address_in_header: TOKEN_INVALID,
    sessions.call_user_rpcs_as_a_service: ACCESS_DENIED,
    sessions.call_service_rpcs_as_a_user: ACCESS_DENIED,
    passwords.spray_many_accounts: TOO_MANY_ATTEMPTS,
    passwords.guess_one_account_from_many_peers: TOO_MANY_ATTEMPTS,
    passwords.vary_case_of_username: TOO_MANY_ATTEMPTS,
    passwords.change_address_within_network: TOO_MANY_ATTEMPTS,
    passwords.forge_forwarded_peer: TOO_MANY_ATTEMPTS,
    passwords.guess_fifty_concurrently: TOO_MANY_ATTEMPTS,
    passwords.guess_with_a_stolen_access_token: TOO_MANY_ATTEMPTS,
    other_users.end_session_of_another_user: SESSION_NOT_FOUND,
    other_users.read_file_of_another_user: FILE_NOT_FOUND,
    other_users.use_file_of_another_user_as_avatar: FILE_NOT_FOUND,
    other_users.read_account_of_another_user: ACCESS_DENIED,
    other_users.change_account_of_another_user: ACCESS_DENIED,
    other_users.upload_poster_as_user: ACCESS_DENIED,
    other_users.read_audit_events_by_another_user: ACCESS_DENIED,
    other_users.write_protected_fields_by_mask: FIELDS_INVALID,
    other_users.give_roles_as_staff: ACCESS_DENIED,
    other_users.give_role_to_itself: OWN_ACCOUNT,
    other_users.use_revoked_role: ACCESS_DENIED,
    other_users.send_forged_page_tokens: PAGE_TOKEN_INVALID,
    other_users.send_huge_page_tokens: FIELDS_INVALID,
}
# Attacks that are not refused; each returns what the attacker gained, which must be nothing.
UNREWARDED: tuple[Unrewarded, ...] = (
    sessions.fix_session_id_before_login,
    passwords.lock_the_owner_out,
    passwords.enumerate_accounts,
    other_users.read_audit_events_about_another_user,
    other_users.send_unknown_fields,
)


@pytest.fixture
def settings(make_settings: SettingsFactory, database_url: str, tmp_path: Path) -> Settings:
    """One proxy, so that an attack can use many peers; an older and a newer key; few attempts."""
    for days in (9, 1):
        create_key(tmp_path / "keys", age=timedelta(days=days))
    return make_settings(
        database_url=database_url,
        keys_dir=tmp_path / "keys",
        trusted_proxies=1,
        password_attempts_account_peer=f"{passwords.BY_ACCOUNT_AND_PEER}/15minute",
        password_attempts_peer=f"{passwords.BY_PEER}/15minute",
        password_attempts_account=f"{passwords.BY_ACCOUNT}/hour",
    )


@pytest.fixture
async def scenario(client: Client, database: asyncpg.Connection) -> Scenario:
    return Scenario(client, await client.registered(), await client.registered(), database)


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.__name__)
async def test_the_attack_is_refused(scenario: Scenario, attack: Refused) -> None:
    refusals = await attack(scenario)
    assert {(refusal.code, refusal.reason) for refusal in refusals} == {REFUSED[attack]}


@pytest.mark.parametrize("attack", UNREWARDED, ids=lambda attack: attack.__name__)
async def test_the_attack_gains_nothing(scenario: Scenario, attack: Unrewarded) -> None:
    assert list(await attack(scenario)) == []


def test_every_attack_is_on_the_list() -> None:
    listed = {attack.__name__ for attack in (*REFUSED, *UNREWARDED)}
    written = {
        name
        for module in (sessions, passwords, other_users)
        for name, value in vars(module).items()
        if callable(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }
    assert listed == written
