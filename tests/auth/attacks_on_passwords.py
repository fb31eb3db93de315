"""Attacks on passwords: guessing in many ways, and using the limits to lock the owner out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

import grpc
from marquee.users.v1 import users_pb2

from tests.auth.forged_tokens import signed
from tests.auth.scenario import Scenario, change, login, via
from tests.client import PASSWORD, Refusal, refusal_of, refused

BY_ACCOUNT_AND_PEER, BY_PEER, BY_ACCOUNT = 3, 8, 6
"""Small limits, so that attacks are short."""
PEER = "203.0.113.7"


async def spray_many_accounts(scenario: Scenario) -> list[Refusal]:
    """One password, many accounts, one peer: afterwards the peer cannot try any other account."""
    names = [f"nobody{number}" for number in range(BY_PEER)]
    await _fails(scenario.anonymous.users.Login(login(name, "Summer2026!"), **via(PEER)) for name in names)
    tries = (login("nobody-else", "Summer2026!"), login(scenario.attacker.username))
    return [await refused(scenario.anonymous.users.Login(request, **via(PEER))) for request in tries]


async def guess_one_account_from_many_peers(scenario: Scenario) -> list[Refusal]:
    """A peer that never used the account cannot sign in even with the correct password."""
    peers = [f"198.51.100.{number}" for number in range(BY_ACCOUNT)]
    await _fails(
        scenario.anonymous.users.Login(login(scenario.victim.username, "wrong"), **via(peer)) for peer in peers
    )
    tries = (login(scenario.victim.username, "wrong"), login(scenario.victim.username))
    return [await refused(scenario.anonymous.users.Login(request, **via(PEER))) for request in tries]


async def vary_case_of_username(scenario: Scenario) -> list[Refusal]:
    name = scenario.victim.username
    spellings = [name, name.upper(), name.title()]
    await _fails(scenario.anonymous.users.Login(login(spelling, "wrong"), **via(PEER)) for spelling in spellings)
    return [await refused(scenario.anonymous.users.Login(login(name.swapcase(), "wrong"), **via(PEER)))]


async def change_address_within_network(scenario: Scenario) -> list[Refusal]:
    peers = [f"2001:db8:1:2::{number:x}" for number in range(BY_ACCOUNT_AND_PEER)]
    await _fails(
        scenario.anonymous.users.Login(login(scenario.victim.username, "wrong"), **via(peer)) for peer in peers
    )
    return [
        await refused(scenario.anonymous.users.Login(login(scenario.victim.username), **via("2001:db8:1:2:3:4:5:6")))
    ]


async def forge_forwarded_peer(scenario: Scenario) -> list[Refusal]:
    """The caller wrote the entries before the entry of the proxy."""
    for number in range(BY_ACCOUNT_AND_PEER):
        await _fails(
            [scenario.anonymous.users.Login(login(scenario.victim.username, "x"), **via(f"192.0.2.{number}, {PEER}"))]
        )
    return [await refused(scenario.anonymous.users.Login(login(scenario.victim.username), **via(f"127.0.0.1, {PEER}")))]


async def guess_fifty_concurrently(scenario: Scenario) -> list[Refusal]:
    calls = [
        scenario.anonymous.users.Login(login(scenario.victim.username, f"guess {n}"), **via(PEER)) for n in range(50)
    ]
    refusals = [refusal_of(error) for error in await _errors(calls)]
    checked = [refusal for refusal in refusals if refusal.reason == "CREDENTIALS_INVALID"]
    assert len(checked) <= BY_ACCOUNT_AND_PEER, "no more passwords are checked than the rate admits"
    return [refusal for refusal in refusals if refusal not in checked]


async def guess_with_a_stolen_access_token(scenario: Scenario) -> list[Refusal]:
    """All rpcs that ask for the password share one count."""
    users, wrong = scenario.victim.users, "wrong password"
    await _fails(
        [
            users.ChangePassword(users_pb2.ChangePasswordRequest(current_password=wrong, new_password=PASSWORD)),
            users.UpdateProfile(users_pb2.UpdateProfileRequest(email="x@example.org", current_password=wrong)),
            users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password=wrong)),
        ]
    )
    return [
        await refused(users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password=PASSWORD))),
        await refused(
            users.ChangePassword(users_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password="x" * 9))
        ),
    ]


async def lock_the_owner_out(scenario: Scenario) -> list[str]:
    """Returns the refusals of the owner: at home during the attack, and elsewhere after it."""
    peers = [f"198.51.100.{number}" for number in range(BY_ACCOUNT + 3)]
    await _fails(
        scenario.anonymous.users.Login(login(scenario.victim.username, "wrong"), **via(peer)) for peer in peers
    )
    # The victim registered without a proxy, so the peer without a proxy is their known peer.
    refusals = await _errors([scenario.anonymous.users.Login(login(scenario.victim.username))])
    await scenario.database.execute("UPDATE counters SET expires_at = now() - interval '1 second'")
    refusals += await _errors([scenario.anonymous.users.Login(login(scenario.victim.username), **via("192.0.2.200"))])
    return [str(error.details()) for error in refusals]


async def enumerate_accounts(scenario: Scenario) -> list[Any]:
    """Returns the answers that distinguish existing, unknown and deactivated accounts."""
    name, deactivated = scenario.victim.username, await scenario.anonymous.registered()
    await (await scenario.superuser()).users.UpdateUser(change(deactivated, is_active=False))
    requests = [
        *(
            login(who, "wrong")
            for who in (name, f"{name}@example.org", "nobody", "nobody@example.org", deactivated.username)
        ),
        login(deactivated.username),
    ]
    signing_in = [await refused(scenario.anonymous.users.Login(request, **via(PEER))) for request in requests]
    sids = (scenario.victim.user_id, deactivated.user_id, 999_999)
    refreshing = [await scenario.refresh(signed(scenario.ring, typ="refresh", sub=str(sub))) for sub in sids]
    return [answer for refusals in (signing_in, refreshing) for answer in _distinct(refusals)[1:]]


async def _fails(calls: Iterable[Awaitable[Any]]) -> None:
    """Awaits the calls one after the other; each must fail."""
    for call in calls:
        await refused(call)


async def _errors(calls: Iterable[Awaitable[Any]]) -> list[grpc.aio.AioRpcError]:
    answers = await asyncio.gather(*calls, return_exceptions=True)
    return [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]


def _distinct(refusals: Iterable[Refusal]) -> list[Any]:
    """Returns the different refusals, without their request ids."""
    answers = [(r.code, r.reason, r.message, [d for d in r.details if d != "RequestInfo"]) for r in refusals]
    return [answer for number, answer in enumerate(answers) if answer not in answers[:number]]
