"""Limits shared through a real Redis: one count for all servers, and calls that continue while it is unavailable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest
import structlog
from marquee.catalog.v1 import movies_pb2
from marquee.users.v1 import users_pb2

from service.media.storage import S3UploadStorage
from service.settings import Settings
from service.supervisor.ports import free_port
from tests.client import Client, refused
from tests.conftest import SettingsFactory
from tests.outage import seconds_until, served
from tests.redis_server import PASSWORD, RedisServer, redis_server

LIMIT = 4
DAY = 86_400


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture(params=["redis", "valkey"])
def settings(
    make_settings: SettingsFactory, database_url: str, redis: RedisServer, request: pytest.FixtureRequest
) -> Settings:
    return make_settings(
        database_url=database_url,
        shared_store_url=redis.url(request.param),
        # A slow machine must not count as an unavailable store.
        shared_store_timeout=5.0,
        # A shared limit is not divided between workers.
        workers=2,
        port=free_port(),
        rate_limit_read=f"{LIMIT}/day",
        password_attempts_account_peer=f"{LIMIT}/day",
    )


@pytest.fixture
async def clients(settings: Settings, storage: S3UploadStorage) -> AsyncIterator[list[Client]]:
    """One client for each of two servers."""
    async with AsyncExitStack() as stack:
        elsewhere = settings.model_copy(update={"port": free_port()})
        yield [(await stack.enter_async_context(served(own, storage))).client for own in (settings, elsewhere)]


def read(client: Client) -> Any:
    return client.catalog.ListMovies(movies_pb2.ListMoviesRequest())


async def attempt(client: Client) -> str:
    """Tries a wrong password; returns the reason of the refusal."""
    return (await refused(client.users.Login(users_pb2.LoginRequest(login="anna", password="wrong")))).reason


async def use_up(clients: list[Client]) -> None:
    """Makes as many reads as the limit admits, with all clients in turn."""
    for number in range(LIMIT):
        await read(clients[number % len(clients)])


async def test_two_servers_share_one_count(clients: list[Client]) -> None:
    await use_up(clients)
    for client in clients:
        refusal = await refused(read(client))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMIT_EXCEEDED")
        assert 0 < refusal.details["RetryInfo"].retry_delay.ToTimedelta().total_seconds() <= DAY + 1
    (limit,) = (await clients[1].users.GetRateLimits(users_pb2.GetRateLimitsRequest())).rate_limits
    assert (limit.method_class, limit.limit, limit.remaining) == ("read", LIMIT, 0)


async def test_two_servers_share_one_count_of_password_attempts(
    clients: list[Client], database: asyncpg.Connection
) -> None:
    reasons = [await attempt(clients[number % 2]) for number in range(LIMIT + 2)]
    assert reasons == ["CREDENTIALS_INVALID"] * LIMIT + ["TOO_MANY_ATTEMPTS"] * 2
    assert await database.fetchval("SELECT count(*) FROM counters") == 0


async def test_a_success_clears_the_attempts(clients: list[Client]) -> None:
    user = await clients[0].registered("anna")
    for _ in range(2):
        for number in range(LIMIT - 1):
            assert await attempt(clients[number % 2]) == "CREDENTIALS_INVALID"
        await clients[0].login(user)


async def test_calls_continue_while_the_store_is_down(clients: list[Client], redis: RedisServer) -> None:
    await use_up(clients)
    with structlog.testing.capture_logs() as events:
        redis.kill()
        for _ in range(LIMIT):
            for client in clients:
                await read(client)
        assert not (await clients[0].users.GetRateLimits(users_pb2.GetRateLimitsRequest())).rate_limits
        redis.start()

        async def limited() -> bool:
            try:
                await read(clients[0])
            except grpc.aio.AioRpcError as error:
                return error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            return False

        await seconds_until(limited)
    logged = [event["event"] for event in events if event["event"].startswith("shared_store.")]
    assert logged[:2] == ["shared_store.disconnected"] * 2, "each server logs the outage once"
    assert logged[2:] in (["shared_store.reconnected"], ["shared_store.reconnected"] * 2), "and its end once"
    assert PASSWORD not in repr(events)


async def test_attempts_are_counted_in_the_database_while_the_store_is_down(
    clients: list[Client], redis: RedisServer
) -> None:
    redis.kill()
    reasons = [await attempt(clients[number % 2]) for number in range(LIMIT + 2)]
    assert reasons == ["CREDENTIALS_INVALID"] * LIMIT + ["TOO_MANY_ATTEMPTS"] * 2


async def test_a_store_that_hangs_delays_no_call(
    settings: Settings, storage: S3UploadStorage, redis: RedisServer
) -> None:
    """Without the timeout, each of these calls would end at its client's deadline."""
    impatient = settings.model_copy(update={"shared_store_timeout": 0.05})
    async with served(impatient, storage) as server:
        with redis.paused():
            for _ in range(LIMIT + 1):
                await read(server.client)
            assert await attempt(server.client) == "CREDENTIALS_INVALID"


async def test_no_call_fails_on_connections_lost_by_a_restart_of_the_store(
    clients: list[Client], redis: RedisServer
) -> None:
    await read(clients[0])
    redis.kill()
    redis.start()
    with structlog.testing.capture_logs() as events:
        await read(clients[0])
    assert not [event for event in events if event["event"].startswith("shared_store.")]
