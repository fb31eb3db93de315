"""Advisory locks: each purpose has its own."""

from __future__ import annotations

import asyncio

import asyncpg

from service.database.jobs import Job
from service.database.locks import AdvisoryLock
from service.importers.staging import import_transaction
from service.server.housekeeping import Housekeeping
from tests.conftest import SettingsFactory
from tests.outage import seconds_until


def test_every_lock_has_its_own_number() -> None:
    numbers = [lock.value for lock in AdvisoryLock.__members__.values()]
    assert len(set(numbers)) == len(numbers)


async def test_housekeeping_does_not_wait_for_an_import(
    make_settings: SettingsFactory, database_url: str, database: asyncpg.Connection
) -> None:
    ran = asyncio.Event()

    async def run() -> int:
        ran.set()
        return 0

    async def has_run() -> bool:
        return ran.is_set()

    settings = make_settings(database_url=database_url, housekeeping_interval=0.02)
    housekeeping = Housekeeping(settings, jobs=[Job("job", run)])
    async with import_transaction(database):
        housekeeping.start()
        await seconds_until(has_run)
    await housekeeping.close()
