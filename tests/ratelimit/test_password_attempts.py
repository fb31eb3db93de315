"""Password attempts: all workers count them together before the password is checked, and each window ends."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator

import asyncpg
import grpc
import pytest
from marquee.users.v1 import users_pb2

from service.database import orm
from service.ratelimit.password_attempts import PasswordAttempts, TooManyAttempts
from service.ratelimit.postgres_storage import SWEEP_BATCH_SIZE, PostgresStorage, sweep_counters
from service.settings import Settings
from tests.client import PASSWORD, Client, Refusal, refused
from tests.conftest import SettingsFactory

RATES = {
    "password_attempts_account_peer": "2/15minute",
    "password_attempts_peer": "4/15minute",
    "password_attempts_account": "6/hour",
}
HOME = "home"


@pytest.fixture
def settings(make_settings: SettingsFactory, database_url: str) -> Settings:
    return make_settings(database_url=database_url, **RATES)


@pytest.fixture
async def attempts(settings: Settings) -> AsyncIterator[PasswordAttempts]:
    async with orm.connected(settings):
        yield PasswordAttempts.from_settings(settings, shared_store=None)


async def admitted(attempts: PasswordAttempts, account: str, peer: str, *, is_known_peer: bool = False) -> bool:
    """Begins an attempt; returns whether it is admitted."""
    try:
        await attempts.begin(account=account, peer=peer, is_known_peer=is_known_peer)
    except TooManyAttempts:
        return False
    return True


async def end_windows(database: asyncpg.Connection) -> None:
    """Sets the end of all windows to the past."""
    await database.execute("UPDATE counters SET expires_at = now() - interval '1 second'")


async def test_one_peer_gets_few_attempts_at_one_account(attempts: PasswordAttempts) -> None:
    assert [await admitted(attempts, "anna", "x") for _ in range(4)] == [True, True, False, False]
    assert await admitted(attempts, "anna", "y")
    assert await admitted(attempts, "boris", "x")


async def test_one_peer_gets_few_attempts_at_all_accounts_together(attempts: PasswordAttempts) -> None:
    assert [await admitted(attempts, f"user{number}", "x") for number in range(6)] == [True] * 4 + [False] * 2
    assert await admitted(attempts, "user0", "y")


async def test_one_account_admits_few_attempts_of_all_peers_together(attempts: PasswordAttempts) -> None:
    assert [await admitted(attempts, "anna", f"peer{number}") for number in range(8)] == [True] * 6 + [False] * 2
    assert await admitted(attempts, "boris", "peer9")


async def test_attackers_do_not_lock_an_owner_out(attempts: PasswordAttempts) -> None:
    for number in range(7):
        await admitted(attempts, "anna", f"peer{number}")
    assert not await admitted(attempts, "anna", HOME)
    assert await admitted(attempts, "anna", HOME, is_known_peer=True)


async def test_a_known_peer_gets_no_more_attempts_than_another(attempts: PasswordAttempts) -> None:
    known = [await admitted(attempts, "anna", HOME, is_known_peer=True) for _ in range(3)]
    assert known == [True, True, False]


async def test_a_refused_attempt_uses_up_no_other_count(
    attempts: PasswordAttempts, database: asyncpg.Connection
) -> None:
    for number in range(6):
        await admitted(attempts, "anna", f"peer{number}")
    before = await database.fetch("SELECT key, count, expires_at FROM counters ORDER BY key")
    for _ in range(3):
        assert not await admitted(attempts, "anna", "another")
        assert not await admitted(attempts, "anna", "peer0")
    assert await database.fetch("SELECT key, count, expires_at FROM counters ORDER BY key") == before


async def test_a_success_takes_the_attempt_back(attempts: PasswordAttempts) -> None:
    """Correct passwords use up neither the count of the peer nor of the account."""
    for _ in range(10):
        assert await admitted(attempts, "anna", HOME)
        await attempts.succeeded(account="anna", peer=HOME)
    assert [await admitted(attempts, "anna", f"peer{number}") for number in range(7)] == [True] * 6 + [False]


async def test_a_success_clears_earlier_failures_at_this_account_only(attempts: PasswordAttempts) -> None:
    assert await admitted(attempts, "anna", "x")
    assert await admitted(attempts, "anna", "x")
    await attempts.succeeded(account="anna", peer="x")
    # The failure still uses one of the peer's four attempts: a guesser gains nothing from an account of their own.
    assert [await admitted(attempts, f"user{number}", "x") for number in range(4)] == [True] * 3 + [False]


async def test_a_refused_attempt_does_not_extend_the_window(
    attempts: PasswordAttempts, database: asyncpg.Connection
) -> None:
    for _ in range(10):
        await admitted(attempts, "anna", "x")
    await end_windows(database)
    assert [await admitted(attempts, "anna", "x") for _ in range(3)] == [True, True, False]


async def test_a_refusal_contains_the_remaining_time(attempts: PasswordAttempts, database: asyncpg.Connection) -> None:
    for _ in range(2):
        await admitted(attempts, "anna", "x")
    await database.execute("UPDATE counters SET expires_at = now() + interval '100 seconds'")
    with pytest.raises(TooManyAttempts) as raised:
        await attempts.begin(account="anna", peer="x", is_known_peer=False)
    left = await database.fetchval(
        "SELECT extract(epoch FROM min(expires_at) - clock_timestamp())::float8 FROM counters"
    )
    assert raised.value.retry_after is not None
    # The remaining time at the refusal was more than now, and at most all of it.
    assert left <= raised.value.retry_after <= 101


async def test_many_at_once_on_two_servers_are_admitted_exactly_to_the_limit(
    make_settings: SettingsFactory, database_url: str
) -> None:
    settings = make_settings(
        database_url=database_url,
        password_attempts_account_peer="10/15minute",
        # Two hundred attempts wait for few connections, and all must get one.
        database_acquire_timeout=60,
        database_lock_timeout=60,
        database_statement_timeout=60,
    )

    async def begin_many() -> int:
        async with orm.connected(settings):
            attempts = PasswordAttempts.from_settings(settings, shared_store=None)
            results = await asyncio.gather(*[admitted(attempts, "anna", "x") for _ in range(100)])
            return results.count(True)

    # Each server has its own context, because the ORM stores its pool in the context.
    servers = [asyncio.create_task(begin_many(), context=contextvars.Context()) for _ in range(2)]
    assert sum(await asyncio.gather(*servers)) == 10


class TestThroughTheServer:
    """All rpcs that check a password."""

    @pytest.fixture
    def settings(self, make_settings: SettingsFactory, database_url: str) -> Settings:
        return make_settings(database_url=database_url, **RATES, trusted_proxies=1)

    @staticmethod
    async def attempt(client: Client, login: str, *, peer: str = "1.1.1.1", right: bool = False) -> Refusal:
        request = users_pb2.LoginRequest(login=login, password=PASSWORD if right else "wrong")
        return await refused(client.users.Login(request, metadata=(("x-forwarded-for", peer),)))

    async def test_an_unknown_account_answers_as_a_known_one(self, client: Client) -> None:
        await client.registered("anna")
        answers = []
        for login, peer in (("anna", "1.1.1.1"), ("nobody", "2.2.2.2")):
            refusals = [await self.attempt(client, login, peer=peer) for _ in range(4)]
            last = refusals[-1]
            wait = last.details["RetryInfo"].retry_delay.ToTimedelta().total_seconds()
            assert 0 < wait <= 15 * 60 + 1
            assert last.message == f"too many attempts; retry in {wait:.0f} s"
            assert last.details["QuotaFailure"].violations[0].subject == "password_attempts"
            answers.append([(refusal.code, refusal.reason) for refusal in refusals])
        invalid = (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")
        exhausted = (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_ATTEMPTS")
        assert answers == [[invalid] * 2 + [exhausted] * 2] * 2

    async def test_above_the_limit_the_correct_password_is_also_refused(self, client: Client) -> None:
        await client.registered("anna")
        for _ in range(2):
            await self.attempt(client, "anna")
        assert (await self.attempt(client, "anna", right=True)).reason == "TOO_MANY_ATTEMPTS"

    async def test_the_owner_signs_in_from_home_during_an_attack(self, client: Client) -> None:
        # The peer of the registration is a known peer of the account.
        await client.registered("anna")
        for number in range(7):
            await self.attempt(client, "anna", peer=f"9.9.9.{number}")
        assert (await self.attempt(client, "anna", peer="9.9.9.9", right=True)).reason == "TOO_MANY_ATTEMPTS"
        await client.users.Login(users_pb2.LoginRequest(login="anna", password=PASSWORD))

    async def test_changing_a_password_has_the_same_limit_as_signing_in(self, client: Client) -> None:
        user = await client.registered("anna")
        request = users_pb2.ChangePasswordRequest(current_password="wrong", new_password="another good passphrase")
        reasons = [(await refused(user.users.ChangePassword(request))).reason for _ in range(3)]
        assert reasons == ["PASSWORD_WRONG"] * 2 + ["TOO_MANY_ATTEMPTS"]


class TestCounters:
    """The table of the counts."""

    async def test_an_ended_window_reads_as_zero(
        self, attempts: PasswordAttempts, database: asyncpg.Connection
    ) -> None:
        del attempts
        storage = PostgresStorage()
        assert [await storage.incr("k", 60), await storage.incr("k", 60, 4), await storage.get("k")] == [1, 5, 5]
        await end_windows(database)
        assert await storage.get("k") == 0
        assert await storage.incr("k", 60) == 1

    async def test_a_count_never_goes_below_zero(
        self, attempts: PasswordAttempts, database: asyncpg.Connection
    ) -> None:
        del attempts
        storage = PostgresStorage()
        assert [await storage.incr("k", 60, amount) for amount in (-1, 1, -5, 1)] == [0, 1, 0, 1]
        await end_windows(database)
        assert await storage.incr("k", 60, -1) == 0

    async def test_sweeping_removes_ended_windows_in_batches(
        self, attempts: PasswordAttempts, database: asyncpg.Connection
    ) -> None:
        for account in ("anna", "boris"):
            await admitted(attempts, account, "x")
        remaining = await database.fetchval("SELECT count(*) FROM counters")
        await database.execute(
            "INSERT INTO counters SELECT n::text, 1, now() - interval '1 second' FROM generate_series(1, $1) AS n",
            SWEEP_BATCH_SIZE + 5,
        )
        assert [await sweep_counters() for _ in range(3)] == [SWEEP_BATCH_SIZE, 5, 0]
        assert await database.fetchval("SELECT count(*) FROM counters") == remaining
