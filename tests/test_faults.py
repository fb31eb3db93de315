"""A database that fails in every way a network can: calls end in time, with a status to act on, and all recovers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.favorites.v1 import favorites_pb2
from marquee.users.v1 import users_pb2

from service.database import migrations
from service.local.postgres import EmbeddedPostgres
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.catalogue import add_movie
from tests.client import PASSWORD, Client, Refusal, refused, take_apart
from tests.conftest import SettingsFactory
from tests.outage import Served, own_postgres, seconds_until, served
from tests.proxy import Mode, Proxy, proxied

DEADLINE = 2.0
# Of this machine, which may be busy; the promise is a quarter of a second.
SLACK = 2.0
UNREACHABLE = (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNREACHABLE")
TIMED_OUT = (grpc.StatusCode.DEADLINE_EXCEEDED, "CALL_TIMED_OUT")


@pytest.fixture
def impatient(settings: Settings) -> Settings:
    """Settings with short timeouts and a pool that is easily taken."""
    return settings.model_copy(
        update={
            "deadline": DEADLINE,
            "database_pool_size": 2,
            "database_acquire_timeout": 0.4,
            "database_statement_timeout": 0.5,
            "database_lock_timeout": 0.25,
        }
    )


@pytest.fixture
async def proxy(postgres: EmbeddedPostgres) -> AsyncIterator[Proxy]:
    """A way to PostgreSQL that can fail."""
    async with proxied(postgres.socket_dir) as proxy:
        yield proxy


@pytest.fixture
async def here(proxy: Proxy, impatient: Settings, storage: S3UploadStorage) -> AsyncIterator[Served]:
    """A server behind the proxy."""
    async with served(proxy.behind(impatient), storage) as here:
        yield here


def registration(username: str = "ada") -> users_pb2.RegisterRequest:
    return users_pb2.RegisterRequest(username=username, email=f"{username}@example.org", password=PASSWORD)


async def outcome(call: Any) -> Refusal | None:
    """Returns how a call was refused, None when it was answered; and checks what every refusal must hold."""
    start = time.monotonic()
    try:
        await call
    except grpc.aio.AioRpcError as error:
        refusal = take_apart(error)
        assert time.monotonic() - start < DEADLINE + SLACK
        assert (refusal.code is grpc.StatusCode.UNAVAILABLE) == ("RetryInfo" in refusal.details)
        return refusal
    return None


async def usable(client: Client) -> bool:
    return await outcome(client.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest())) is None


@pytest.mark.parametrize("mode", ["black hole", "reset", "refuse"])
async def test_calls_end_in_time_whatever_the_network_does(
    here: Served, proxy: Proxy, database: asyncpg.Connection, mode: Mode
) -> None:
    client = await here.client.registered()
    movie_id = await add_movie(database)
    await proxy.fail(mode)
    if mode == "refuse":  # connections that exist would stay good
        await proxy.break_all()
    for _ in range(2):  # first on connections that were good, then on new ones
        calls = [
            client.users.Register(registration()),
            *(client.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest()) for _ in range(4)),
            *(client.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=movie_id)) for _ in range(2)),
        ]
        refusals = await asyncio.gather(*map(outcome, calls))
        assert {(refusal.code, refusal.reason) for refusal in refusals if refusal} <= {
            UNREACHABLE,
            (grpc.StatusCode.UNAVAILABLE, "DATABASE_BUSY"),
        }
        assert None not in refusals
    await proxy.recover()
    # A connection that broke is found out by its next user.
    assert await seconds_until(lambda: usable(client)) < DEADLINE
    assert await asyncio.gather(*(usable(client) for _ in range(10))) == [True] * 10
    assert await database.fetchval("SELECT count(*) FROM users WHERE username = 'ada'") == 0


async def test_a_slow_network_ends_calls_at_the_servers_deadline(here: Served, proxy: Proxy) -> None:
    client = await here.client.registered()
    proxy.delay = 0.45  # below every timeout of one statement; their sum is not
    refusal = await outcome(client.users.Register(registration()))
    assert refusal is not None
    assert (refusal.code, refusal.reason) in {TIMED_OUT, UNREACHABLE}
    await proxy.recover()
    assert await seconds_until(lambda: usable(client)) < DEADLINE


async def test_a_clients_own_deadline_holds(here: Served, proxy: Proxy) -> None:
    client = await here.client.registered()
    await proxy.fail("black hole")
    start = time.monotonic()
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await client.favorites._stub.ListFavorites(  # noqa: SLF001 - with a deadline of its own
            favorites_pb2.ListFavoritesRequest(),
            metadata=(("authorization", f"Bearer {client.token}"),),
            timeout=0.3,
        )
    assert ended.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - start < 0.3 + SLACK


async def test_a_server_stops_in_time_although_the_database_is_silent(
    proxy: Proxy, impatient: Settings, storage: S3UploadStorage
) -> None:
    async with served(proxy.behind(impatient), storage) as here:
        await here.client.registered()
        await proxy.fail("black hole")
        start = time.monotonic()
    assert time.monotonic() - start < 3.0 + SLACK


async def test_a_taken_lock_and_a_taken_pool_are_told_apart(here: Served, database: asyncpg.Connection) -> None:
    client = await here.client.registered()
    async with database.transaction():
        await database.execute("LOCK TABLE users, favorite_movies IN ACCESS EXCLUSIVE MODE")
        refusal = await refused(client.users.Register(registration()))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "LOCK_TIMED_OUT")
        assert refusal.details["RetryInfo"].retry_delay.seconds == 1
        calls = [refused(client.users.Register(registration(f"user{number}"))) for number in range(12)]
        reasons = {(refusal.code, refusal.reason) for refusal in await asyncio.gather(*calls)}
        assert (grpc.StatusCode.UNAVAILABLE, "DATABASE_BUSY") in reasons
        assert reasons <= {
            (grpc.StatusCode.UNAVAILABLE, "DATABASE_BUSY"),
            (grpc.StatusCode.ABORTED, "LOCK_TIMED_OUT"),
        }
    assert await usable(client)


async def test_a_statement_that_runs_too_long_is_ended(
    proxy: Proxy, impatient: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    settings = impatient.model_copy(update={"database_lock_timeout": 60.0})
    async with served(proxy.behind(settings), storage) as here:
        client = await here.client.registered()
        async with database.transaction():
            await database.execute("LOCK TABLE favorite_movies IN ACCESS EXCLUSIVE MODE")
            refusal = await refused(client.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest()))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "STATEMENT_TIMED_OUT")
        assert await usable(client)


async def test_a_cancelled_call_rolls_back_and_returns_its_connection(
    proxy: Proxy, impatient: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    settings = impatient.model_copy(update={"database_pool_size": 1, "database_lock_timeout": 60.0})
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with served(proxy.behind(settings), storage) as here:
        client = await here.client.registered()
        async with database.transaction():
            # Late in the registering transaction: the user is written already.
            await database.execute("LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE")
            call = client.users.Register(registration())
            sent = asyncio.ensure_future(call)

            async def stuck() -> bool:
                return bool(await database.fetchval(waiting))

            async def free() -> bool:
                return not await stuck()

            await seconds_until(stuck)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sent
            # The client knows at once, the server a moment later, and only then may the lock be let go.
            await seconds_until(free)
        assert await seconds_until(lambda: usable(client)) < DEADLINE
        assert await database.fetchval("SELECT count(*) FROM users WHERE username = 'ada'") == 0
        await client.users.Register(registration())


async def test_calls_cancelled_while_a_transaction_begins_cost_no_connection(
    proxy: Proxy, impatient: Settings, storage: S3UploadStorage
) -> None:
    async with served(proxy.behind(impatient), storage) as here:
        client = await here.client.registered()
        for number in range(4):  # twice the pool
            proxy.delay = 0.15
            call = client.users.Register(registration(f"user{number}"))
            sent = asyncio.ensure_future(call)
            await asyncio.sleep(0.1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sent
            proxy.delay = 0.0
            assert await seconds_until(lambda: usable(client)) < DEADLINE
        assert await asyncio.gather(*(usable(client) for _ in range(8))) == [True] * 8


@pytest.fixture(scope="module")
def postgres_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL to be stopped."""
    with own_postgres(tmp_path_factory.mktemp("apart")) as server:
        yield server


async def test_the_pool_recovers_from_a_restart_of_postgresql(
    postgres_apart: EmbeddedPostgres, make_settings: SettingsFactory, storage: S3UploadStorage
) -> None:
    postgres_apart.ensure_database("apart")
    settings = make_settings(database_url=postgres_apart.url("apart"), deadline=DEADLINE)
    await migrations.up(settings)
    async with served(settings, storage) as here:
        client = await here.client.registered()
        assert await asyncio.gather(*(usable(client) for _ in range(8))) == [True] * 8
        stopping = asyncio.create_task(asyncio.to_thread(postgres_apart.stop))
        refusals = []
        while not stopping.done():
            refusals.append(await outcome(client.users.Register(registration())))
        refusals.append(await outcome(client.users.Register(registration())))
        assert refusals[-1] is not None
        assert {(r.code, r.reason) for r in refusals if r and r.reason != "USERNAME_TAKEN"} == {UNREACHABLE}
        await asyncio.to_thread(postgres_apart.start)
        assert await seconds_until(lambda: usable(client)) < DEADLINE
        assert await asyncio.gather(*(usable(client) for _ in range(8))) == [True] * 8
