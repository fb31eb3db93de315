"""Network failures of the database: calls end in time with a useful status, and the server recovers."""

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
from tests.client import PASSWORD, Client, Refusal, refusal_of, refused
from tests.conftest import SettingsFactory
from tests.outage import Served, own_postgres, seconds_until, served
from tests.proxy import Mode, Proxy, proxied

DEADLINE = 2.0
# The machine may be busy. The documented limit is a quarter of a second.
SLACK = 2.0
UNREACHABLE = (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNREACHABLE")
TIMED_OUT = (grpc.StatusCode.DEADLINE_EXCEEDED, "CALL_TIMED_OUT")


@pytest.fixture
def short_timeouts(settings: Settings) -> Settings:
    """Settings with short timeouts and a small pool."""
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
    """A proxy in front of PostgreSQL that can fail."""
    async with proxied(postgres.socket_dir) as proxy:
        yield proxy


@pytest.fixture
async def system(proxy: Proxy, short_timeouts: Settings, storage: S3UploadStorage) -> AsyncIterator[Served]:
    """A server behind the proxy."""
    async with served(proxy.behind(short_timeouts), storage) as system:
        yield system


def registration(username: str = "ada") -> users_pb2.RegisterRequest:
    return users_pb2.RegisterRequest(username=username, email=f"{username}@example.org", password=PASSWORD)


async def error_of(call: Any) -> Refusal | None:
    """Returns the error of a call, or None if it succeeded; checks what holds for every error."""
    start = time.monotonic()
    try:
        await call
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        assert time.monotonic() - start < DEADLINE + SLACK
        assert (refusal.code is grpc.StatusCode.UNAVAILABLE) == ("RetryInfo" in refusal.details)
        return refusal
    return None


async def is_usable(client: Client) -> bool:
    return await error_of(client.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest())) is None


@pytest.mark.parametrize("mode", ["black hole", "reset", "refuse"])
async def test_calls_end_in_time_for_every_network_failure(
    system: Served, proxy: Proxy, database: asyncpg.Connection, mode: Mode
) -> None:
    client = await system.client.registered()
    movie_id = await add_movie(database)
    await proxy.fail(mode)
    if mode == "refuse":  # existing connections would continue to work
        await proxy.break_all()
    for _ in range(2):  # first on connections that worked before, then on new ones
        calls = [
            client.users.Register(registration()),
            *(client.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest()) for _ in range(4)),
            *(client.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=movie_id)) for _ in range(2)),
        ]
        refusals = await asyncio.gather(*map(error_of, calls))
        assert {(refusal.code, refusal.reason) for refusal in refusals if refusal} <= {
            UNREACHABLE,
            (grpc.StatusCode.UNAVAILABLE, "DATABASE_BUSY"),
        }
        assert None not in refusals
    await proxy.recover()
    # The next call on a broken connection detects it.
    assert await seconds_until(lambda: is_usable(client)) < DEADLINE
    assert await asyncio.gather(*(is_usable(client) for _ in range(10))) == [True] * 10
    assert await database.fetchval("SELECT count(*) FROM users WHERE username = 'ada'") == 0


async def test_a_slow_network_ends_calls_at_the_servers_deadline(system: Served, proxy: Proxy) -> None:
    client = await system.client.registered()
    proxy.delay = 0.45  # less than the timeout of one statement; the sum is more than the deadline
    refusal = await error_of(client.users.Register(registration()))
    assert refusal is not None
    assert (refusal.code, refusal.reason) in {TIMED_OUT, UNREACHABLE}
    await proxy.recover()
    assert await seconds_until(lambda: is_usable(client)) < DEADLINE


async def test_the_deadline_of_a_client_is_respected(system: Served, proxy: Proxy) -> None:
    client = await system.client.registered()
    await proxy.fail("black hole")
    start = time.monotonic()
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await client.favorites._stub.ListFavorites(  # noqa: SLF001 - sets another deadline
            favorites_pb2.ListFavoritesRequest(),
            metadata=(("authorization", f"Bearer {client.token}"),),
            timeout=0.3,
        )
    assert ended.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - start < 0.3 + SLACK


async def test_a_server_stops_in_time_while_the_database_does_not_answer(
    proxy: Proxy, short_timeouts: Settings, storage: S3UploadStorage
) -> None:
    async with served(proxy.behind(short_timeouts), storage) as system:
        await system.client.registered()
        await proxy.fail("black hole")
        start = time.monotonic()
    assert time.monotonic() - start < 3.0 + SLACK


async def test_a_locked_table_and_a_full_pool_have_different_errors(
    system: Served, database: asyncpg.Connection
) -> None:
    client = await system.client.registered()
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
    assert await is_usable(client)


async def test_a_statement_that_runs_too_long_is_cancelled(
    proxy: Proxy, short_timeouts: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    settings = short_timeouts.model_copy(update={"database_lock_timeout": 60.0})
    async with served(proxy.behind(settings), storage) as system:
        client = await system.client.registered()
        async with database.transaction():
            await database.execute("LOCK TABLE favorite_movies IN ACCESS EXCLUSIVE MODE")
            refusal = await refused(client.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest()))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "STATEMENT_TIMED_OUT")
        assert await is_usable(client)


async def test_a_cancelled_call_rolls_back_and_returns_its_connection(
    proxy: Proxy, short_timeouts: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    settings = short_timeouts.model_copy(update={"database_pool_size": 1, "database_lock_timeout": 60.0})
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with served(proxy.behind(settings), storage) as system:
        client = await system.client.registered()
        async with database.transaction():
            # Late in the transaction: the user is already inserted.
            await database.execute("LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE")
            call = client.users.Register(registration())
            sent = asyncio.ensure_future(call)

            async def is_waiting() -> bool:
                return bool(await database.fetchval(waiting))

            async def has_stopped_waiting() -> bool:
                return not await is_waiting()

            await seconds_until(is_waiting)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sent
            # The server notices the cancellation a moment later. The lock must stay until then.
            await seconds_until(has_stopped_waiting)
        assert await seconds_until(lambda: is_usable(client)) < DEADLINE
        assert await database.fetchval("SELECT count(*) FROM users WHERE username = 'ada'") == 0
        await client.users.Register(registration())


async def test_calls_cancelled_while_a_transaction_begins_lose_no_connection(
    proxy: Proxy, short_timeouts: Settings, storage: S3UploadStorage
) -> None:
    async with served(proxy.behind(short_timeouts), storage) as system:
        client = await system.client.registered()
        for number in range(4):  # twice the pool
            proxy.delay = 0.15
            call = client.users.Register(registration(f"user{number}"))
            sent = asyncio.ensure_future(call)
            await asyncio.sleep(0.1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sent
            proxy.delay = 0.0
            assert await seconds_until(lambda: is_usable(client)) < DEADLINE
        assert await asyncio.gather(*(is_usable(client) for _ in range(8))) == [True] * 8


@pytest.fixture(scope="module")
def separate_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that tests may stop."""
    with own_postgres(tmp_path_factory.mktemp("separate")) as server:
        yield server


async def test_the_pool_recovers_from_a_restart_of_postgresql(
    separate_postgres: EmbeddedPostgres, make_settings: SettingsFactory, storage: S3UploadStorage
) -> None:
    separate_postgres.ensure_database("separate")
    settings = make_settings(database_url=separate_postgres.url("separate"), deadline=DEADLINE)
    await migrations.up(settings)
    async with served(settings, storage) as system:
        client = await system.client.registered()
        assert await asyncio.gather(*(is_usable(client) for _ in range(8))) == [True] * 8
        stopping = asyncio.create_task(asyncio.to_thread(separate_postgres.stop))
        refusals = []
        while not stopping.done():
            refusals.append(await error_of(client.users.Register(registration())))
        refusals.append(await error_of(client.users.Register(registration())))
        assert refusals[-1] is not None
        assert {(r.code, r.reason) for r in refusals if r and r.reason != "USERNAME_TAKEN"} == {UNREACHABLE}
        await asyncio.to_thread(separate_postgres.start)
        assert await seconds_until(lambda: is_usable(client)) < DEADLINE
        assert await asyncio.gather(*(is_usable(client) for _ in range(8))) == [True] * 8
