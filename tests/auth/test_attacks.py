"""The list of attacks on accounts, each through the front door, and what must come of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import grpc
import pytest

from service.settings import Settings
from tests.auth import attacks_on_others as others
from tests.auth import attacks_on_passwords as passwords
from tests.auth import attacks_on_sessions as sessions
from tests.auth.key_files import create_key
from tests.auth.scene import Scene
from tests.client import Client, Refusal
from tests.conftest import SettingsFactory

Refused: TypeAlias = Callable[[Scene], Awaitable[Collection[Refusal]]]
InVain: TypeAlias = Callable[[Scene], Awaitable[Collection[Any]]]
Answer: TypeAlias = tuple[grpc.StatusCode, str]

TOKEN_INVALID = (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")
ACCESS_DENIED = (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")
TOO_MANY_ATTEMPTS = (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_ATTEMPTS")
FIELDS_INVALID = (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
PAGE_TOKEN_INVALID = (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")
SESSION_NOT_FOUND = (grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")
FILE_NOT_FOUND = (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")
OWN_ACCOUNT = (grpc.StatusCode.FAILED_PRECONDITION, "OWN_ACCOUNT")

# Who attacks, and how every call that is told of must be answered.
REFUSED: dict[Refused, Answer] = {
    sessions.replays_the_first_of_four: TOKEN_INVALID,
    sessions.refreshes_before_the_owner_does: TOKEN_INVALID,
    sessions.replays_from_many_sides_at_once: TOKEN_INVALID,
    sessions.names_anothers_session: TOKEN_INVALID,
    sessions.outlives_the_account: TOKEN_INVALID,
    sessions.outlives_a_deactivation: TOKEN_INVALID,
    sessions.outlives_a_new_password: TOKEN_INVALID,
    sessions.outlives_the_key: TOKEN_INVALID,
    sessions.brings_the_address_of_a_key: TOKEN_INVALID,
    sessions.calls_as_a_service_what_is_for_users: ACCESS_DENIED,
    sessions.calls_as_a_user_what_is_for_services: ACCESS_DENIED,
    passwords.sprays_many_accounts: TOO_MANY_ATTEMPTS,
    passwords.stuffs_one_account_from_many_peers: TOO_MANY_ATTEMPTS,
    passwords.spells_the_name_in_other_ways: TOO_MANY_ATTEMPTS,
    passwords.moves_about_in_its_network: TOO_MANY_ATTEMPTS,
    passwords.names_a_peer_of_its_own: TOO_MANY_ATTEMPTS,
    passwords.guesses_fifty_at_once: TOO_MANY_ATTEMPTS,
    passwords.guesses_with_a_stolen_access_token: TOO_MANY_ATTEMPTS,
    others.ends_anothers_session: SESSION_NOT_FOUND,
    others.looks_at_anothers_file: FILE_NOT_FOUND,
    others.takes_anothers_picture_as_avatar: FILE_NOT_FOUND,
    others.looks_at_anothers_account: ACCESS_DENIED,
    others.changes_anothers_account: ACCESS_DENIED,
    others.uploads_a_poster: ACCESS_DENIED,
    others.asks_what_another_did: ACCESS_DENIED,
    others.writes_what_no_mask_may_name: FIELDS_INVALID,
    others.gives_roles_as_staff: ACCESS_DENIED,
    others.gives_itself_a_role: OWN_ACCOUNT,
    others.uses_a_role_that_was_taken: ACCESS_DENIED,
    others.brings_page_tokens_of_its_own: PAGE_TOKEN_INVALID,
    others.brings_huge_page_tokens: FIELDS_INVALID,
}
# Attacks that nothing refuses; each tells what was gained by it.
IN_VAIN: tuple[InVain, ...] = (
    sessions.fixes_the_session_beforehand,
    passwords.locks_the_owner_out,
    passwords.asks_who_has_an_account,
    others.asks_what_was_done_to_another,
    others.sends_fields_that_there_are_not,
)


@pytest.fixture
def settings(make_settings: SettingsFactory, database_url: str, tmp_path: Path) -> Settings:
    """One proxy, so that an attack comes from many peers; an older and a newer key; few attempts."""
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
async def scene(client: Client, database: asyncpg.Connection) -> Scene:
    return Scene(client, await client.registered(), await client.registered(), database)


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.__name__)
async def test_the_attack_is_refused(scene: Scene, attack: Refused) -> None:
    refusals = await attack(scene)
    assert {(refusal.code, refusal.reason) for refusal in refusals} == {REFUSED[attack]}


@pytest.mark.parametrize("attack", IN_VAIN, ids=lambda attack: attack.__name__)
async def test_the_attack_gains_nothing(scene: Scene, attack: InVain) -> None:
    assert list(await attack(scene)) == []


def test_every_attack_is_on_the_list() -> None:
    listed = {attack.__name__ for attack in (*REFUSED, *IN_VAIN)}
    written = {
        name
        for module in (sessions, passwords, others)
        for name, value in vars(module).items()
        if callable(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }
    assert listed == written
