"""The pool: whoever needs a connection gets one that is whole, whatever the one before did with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.database.orm import connected, fetch, transaction
from service.settings import Settings
from tests.conftest import SettingsFactory

OWN_PID = "SELECT pg_backend_pid() AS pid"


@pytest.fixture
async def pooled(make_settings: SettingsFactory, database_url: str) -> AsyncIterator[Settings]:
    """The database, by a pool of one connection."""
    settings = make_settings(database_url=database_url, database_pool_size=1, database_acquire_timeout=5)
    async with connected(settings):
        yield settings


async def pid() -> int:
    ((number,),) = await fetch(OWN_PID)
    return int(number)


@pytest.mark.usefixtures("pooled")
async def test_one_connection_serves_statements_and_transactions_in_any_order() -> None:
    async def read() -> int:
        return await pid()

    async def write() -> int:
        async with transaction():
            return await pid()

    pids = await asyncio.gather(*(each() for _ in range(20) for each in (read, write, read)))
    assert len(set(pids)) == 1


@pytest.mark.usefixtures("pooled")
async def test_a_connection_that_was_ended_meanwhile_is_replaced(database: asyncpg.Connection) -> None:
    gone = await pid()
    await database.execute("SELECT pg_terminate_backend($1)", gone)
    for _ in range(200):
        await asyncio.sleep(0.05)  # for this loop, too, to hear of it
        if not await database.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", gone):
            break
    assert await pid() != gone


@pytest.mark.usefixtures("pooled")
async def test_a_cancelled_or_failed_statement_spoils_nothing_for_the_next() -> None:
    await pid()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await fetch("SELECT pg_sleep(5)")
    assert await pid()
    with pytest.raises(Exception, match="division by zero"):
        await fetch("SELECT 1 / 0")
    assert await pid()
