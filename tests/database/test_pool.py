"""The connection pool: callers get idle, healthy connections, in the order of their arrival."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import asyncpg
import pytest
from pydantic import SecretStr

from service.database.orm import connected, connection, fetch, transaction, translate
from service.database.pool import ConnectionPool, DatabaseBusy, DatabaseUnreachable
from service.local.postgres import EmbeddedPostgres
from service.settings import Settings
from tests.conftest import SettingsFactory
from tests.database.postgres_messages import FATAL
from tests.outage import seconds_until
from tests.proxy import Proxy, proxied

OWN_PID = "SELECT pg_backend_pid() AS pid"


@pytest.fixture
async def pooled(make_settings: SettingsFactory, database_url: str) -> AsyncIterator[Settings]:
    """The database, through a pool of one connection."""
    settings = make_settings(database_url=database_url, database_pool_size=1, database_acquire_timeout=5)
    async with connected(settings):
        yield settings


@pytest.fixture
async def proxy(postgres: EmbeddedPostgres, settings: Settings) -> AsyncIterator[Proxy]:
    """The proxy between PostgreSQL and the database of the test, which has a pool of four connections."""
    async with proxied(postgres.socket_dir) as proxy, connected(proxy.behind(settings)):
        yield proxy


async def pid() -> int:
    ((number,),) = await fetch(OWN_PID)
    return int(number)


async def pid_in_transaction() -> int:
    async with transaction():
        return await pid()


async def pid_by_orm() -> int:
    (row,) = await connection().execute_query_dict(OWN_PID)
    return int(row["pid"])


async def until_passed_on() -> None:
    """Waits until the client has read the bytes that the proxy sent."""
    for _ in range(20):
        await asyncio.sleep(0.005)


@pytest.mark.usefixtures("pooled")
async def test_one_connection_serves_statements_and_transactions_in_any_order() -> None:
    calls = (pid, pid_in_transaction, pid_by_orm)
    pids = await asyncio.gather(*(each() for _ in range(20) for each in calls))
    assert len(set(pids)) == 1


@pytest.mark.usefixtures("pooled")
async def test_an_ended_connection_is_replaced(database: asyncpg.Connection) -> None:
    ended = await pid()
    await database.execute("SELECT pg_terminate_backend($1)", ended)
    for _ in range(200):
        await asyncio.sleep(0.05)  # also for this event loop, which has to read the end of the connection
        if not await database.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", ended):
            break
    assert await pid() != ended


@pytest.mark.usefixtures("pooled")
async def test_a_cancelled_or_failed_statement_does_not_disturb_the_next() -> None:
    first = await pid()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await fetch("SELECT pg_sleep(5)")
    assert await pid() == first, "the connection is probed, not closed"
    with pytest.raises(Exception, match="division by zero"):
        await fetch("SELECT 1 / 0")
    assert await pid() == first


@pytest.mark.parametrize("call", [pid, pid_in_transaction, pid_by_orm])
async def test_a_connection_that_postgresql_gave_up_is_replaced(
    proxy: Proxy, call: Callable[[], Awaitable[int]]
) -> None:
    lost = {*await asyncio.gather(*(call() for _ in range(8)))}
    assert len(lost) == 4
    proxy.end_all(FATAL)
    await until_passed_on()
    assert await call() not in lost


async def test_a_connection_that_postgresql_gave_up_prepares_no_statement(proxy: Proxy) -> None:
    lost = await pid()
    proxy.end_all(FATAL)
    await until_passed_on()
    (row,) = await fetch("SELECT $1::int AS number, pg_backend_pid() AS pid", 7)
    assert row["number"] == 7
    assert row["pid"] != lost


async def test_a_transaction_on_a_connection_that_postgresql_gave_up_is_unavailable(proxy: Proxy) -> None:
    async def read_later() -> None:
        async with transaction():
            lost.append(await pid())
            proxy.end_all(FATAL)
            await until_passed_on()
            await pid()

    async def commit_later() -> None:
        async with transaction():
            lost.append(await pid())
            proxy.end_all(FATAL)
            await until_passed_on()

    async def savepoint_later() -> None:
        async with transaction():
            lost.append(await pid())
            proxy.end_all(FATAL)
            await until_passed_on()
            async with transaction():
                pass

    lost: list[int] = []
    for call in (read_later, commit_later, savepoint_later):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - translated below
            await call()
        assert isinstance(translate(raised.value), DatabaseUnreachable)
        assert await pid() not in lost


async def test_no_host_with_the_wanted_role_is_unreachable(settings: Settings) -> None:
    url = settings.database_url.get_secret_value()
    url += f"{'&' if '?' in url else '?'}target_session_attrs=standby"
    async with connected(settings.model_copy(update={"database_url": SecretStr(url)})):
        for call in (pid, pid_in_transaction):
            with pytest.raises(DatabaseUnreachable):
                await call()
    assert isinstance(translate(asyncpg.TargetServerAttributeNotMatched()), DatabaseUnreachable)


@pytest.mark.usefixtures("pooled")
async def test_callers_wait_in_line() -> None:
    order: list[int] = []

    async def call(number: int) -> None:
        await pid()
        order.append(number)

    async def again() -> None:
        await pid()
        await call(100)

    await asyncio.gather(again(), *map(call, range(20)))
    assert order == [*range(20), 100]


async def test_a_full_pool_is_busy_and_gives_its_connection_to_the_next_caller(settings: Settings) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def hold() -> int:
        async with transaction():
            number = await pid()
            begun.set()
            await may_end.wait()
        return number

    settings = settings.model_copy(update={"database_pool_size": 1, "database_acquire_timeout": 0.2})
    async with connected(settings):
        holding = asyncio.create_task(hold())
        await begun.wait()
        with pytest.raises(DatabaseBusy):
            await pid()
        cancelled, served = (asyncio.create_task(pid()) for _ in range(2))
        await asyncio.sleep(0.01)
        cancelled.cancel()
        may_end.set()
        assert await served == await holding
        with pytest.raises(asyncio.CancelledError):
            await cancelled


@pytest.mark.usefixtures("pooled")
async def test_a_caller_cancelled_while_a_connection_comes_costs_none() -> None:
    first = await pid()
    for delay in range(8):
        busy, waiting = (asyncio.create_task(pid()) for _ in range(2))
        for _ in range(delay):
            await asyncio.sleep(0)
        busy.add_done_callback(lambda _, waiting=waiting: waiting.cancel())  # type: ignore[misc]
        assert await busy == first
        await asyncio.gather(waiting, return_exceptions=True)
    assert await pid() == first


@pytest.mark.usefixtures("pooled")
async def test_a_task_that_outlives_its_transaction_cannot_use_the_connection_of_another() -> None:
    ended = asyncio.Event()

    async def statement() -> int:
        await ended.wait()
        return await pid()

    async def nested() -> int:
        await ended.wait()
        return await pid_in_transaction()

    async with transaction():
        left = [asyncio.create_task(each()) for each in (statement, nested)]
        await pid()
    async with transaction():
        ended.set()
        for task in left:
            with pytest.raises(asyncpg.InterfaceError, match="the transaction has ended"):
                await task
        assert await pid()


async def test_a_connection_that_is_not_needed_is_closed(database_url: str) -> None:
    pool = ConnectionPool(partial(asyncpg.connect, database_url), max_size=2, acquire_timeout=1, max_idle=0.1)
    first, last = [await pool.acquire() for _ in range(2)]
    for returned in (first, last):
        await pool.release(returned, is_answered=True)

    async def is_closed() -> bool:
        acquired = await pool.acquire()
        assert acquired is last, "the connection that was used last is used next"
        await pool.release(acquired, is_answered=True)
        return first.is_closed()

    await seconds_until(is_closed)
    assert not last.is_closed()
    await pool.close()


async def test_closing_waits_for_connections_in_use_and_refuses_callers(database_url: str) -> None:
    pool = ConnectionPool(partial(asyncpg.connect, database_url), max_size=1, acquire_timeout=5)
    in_use = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close())
    with pytest.raises(DatabaseUnreachable):
        await waiting
    with pytest.raises(DatabaseUnreachable):
        await pool.acquire()
    assert await in_use.fetchval("SELECT 1") == 1
    assert not closing.done()
    await pool.release(in_use, is_answered=True)
    await closing
    assert in_use.is_closed()
