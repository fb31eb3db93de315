"""Random walk over the connection pool: whatever happens to connections and callers, nobody gets another's result.

`make soak` runs it with many more operations.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.exceptions import OperationalError

from service.database.orm import CONNECTION, fetch, tortoise_config, transaction, translate
from service.database.pool import DatabaseBusy, DatabaseUnreachable
from service.local.postgres import EmbeddedPostgres
from service.settings import Settings
from tests.database.postgres_messages import FATAL
from tests.outage import seconds_until
from tests.proxy import Proxy, proxied

OPERATIONS = int(os.environ.get("POOL_OPERATIONS", "10000"))
CALLERS = 24
CONNECTIONS = 6
COMMAND_TIMEOUT = 0.05
"""Seconds after which the driver gives up a statement."""
READ = "SELECT $1::int AS number, current_setting('marquee.caller', true) AS caller"
SLOW_READ = "SELECT $1::int AS number, current_setting('marquee.caller', true) AS caller FROM pg_sleep($2)"
ADD = "INSERT INTO numbers VALUES ($1::int) RETURNING number"
TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'marquee' ORDER BY random() LIMIT 1
"""


class Walk:
    """Callers that each run one random operation after the other, and check every result."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.outcomes: Counter[str] = Counter()
        self.added: set[int] = set()
        """Numbers whose insertion was confirmed."""
        self._numbers = iter(range(OPERATIONS))
        self._operations: list[Callable[[int], Awaitable[None]]] = [
            self._read,
            self._read,
            self._prepare,
            self._add,
            self._fail,
            self._transact,
            self._roll_back,
            self._give_up,
            self._time_out,
        ]

    async def run(self) -> None:
        """Runs all operations."""
        async with asyncio.TaskGroup() as callers:
            for _ in range(CALLERS):
                callers.create_task(self._call())

    async def _call(self) -> None:
        for number in self._numbers:
            operation = self.random.choice(self._operations)
            try:
                if self.random.random() < 0.1:
                    async with asyncio.timeout(self.random.choice([0, 0.0005, 0.002, 0.01])):
                        await operation(number)
                else:
                    await operation(number)
                self.outcomes["answered"] += 1
            except TimeoutError:
                self.outcomes["cancelled"] += 1
            except Exception as error:
                known = error if isinstance(error, DatabaseBusy | DatabaseUnreachable) else translate(error)
                # Any other one, and a cancellation that met the statement of another caller, is a fault.
                if not isinstance(known, DatabaseBusy | DatabaseUnreachable):
                    raise
                self.outcomes[type(known).__name__] += 1

    async def _read(self, number: int) -> None:
        (row,) = await fetch(READ, number)
        assert (row["number"], row["caller"] or "") == (number, "")

    async def _prepare(self, number: int) -> None:
        (row,) = await fetch(f"{READ}, {number} AS again", number)
        assert (row["number"], row["again"], row["caller"] or "") == (number, number, "")

    async def _add(self, number: int) -> None:
        (row,) = await fetch(ADD, number)
        assert row["number"] == number
        self.added.add(number)

    async def _fail(self, number: int) -> None:
        with pytest.raises(OperationalError, match=f'"not {number}"'):
            await fetch(f"SELECT 'not {number}'::text::int")

    async def _transact(self, number: int) -> None:
        async with transaction():
            await fetch("SELECT set_config('marquee.caller', $1, true)", str(number))
            if self.random.random() < 0.3:
                async with transaction():
                    await fetch(ADD, number)
            else:
                await fetch(ADD, number)
            (row,) = await fetch(READ, number)
            assert (row["number"], row["caller"]) == (number, str(number))
        self.added.add(number)

    async def _roll_back(self, number: int) -> None:
        with suppress(ZeroDivisionError):
            async with transaction():
                await fetch(ADD, -number)
                raise ZeroDivisionError

    async def _give_up(self, number: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.random.choice([0, 0.001, 0.005])):
                await self._read_slowly(number, 0.02)

    async def _time_out(self, number: int) -> None:
        """Meets the timeout of the driver, which reports PostgreSQL as unreachable."""
        if self.random.random() < 0.1:
            with pytest.raises((DatabaseUnreachable, DatabaseBusy)):
                await self._read_slowly(number, 2 * COMMAND_TIMEOUT)
        else:
            await self._read_slowly(number, 0.001)

    async def _read_slowly(self, number: int, seconds: float) -> None:
        (row,) = await fetch(SLOW_READ, number, seconds)
        assert (row["number"], row["caller"] or "") == (number, "")


async def disturb(proxy: Proxy, database: asyncpg.Connection, walk: Walk) -> None:
    """Harms connections in random ways, several times a second."""
    for _ in itertools.count():
        await asyncio.sleep(walk.random.uniform(0.01, 0.1))
        match walk.random.randrange(8):
            case 0:
                await proxy.break_all()
            case 1 | 2:
                proxy.end_all(FATAL)
                await asyncio.sleep(walk.random.choice([0, 0.001, 0.01]))
                await proxy.break_all()
            case 3 | 4:
                proxy.cut_after(walk.random.randrange(1, 2000))
            case _:
                await database.fetch(TERMINATE)


@pytest.mark.timeout(1200)
async def test_nobody_gets_the_result_of_another_and_nothing_runs_twice(
    postgres: EmbeddedPostgres, settings: Settings, database: asyncpg.Connection
) -> None:
    await database.execute("CREATE UNLOGGED TABLE numbers (number int)")
    seed = random.SystemRandom().randrange(1 << 32)
    walk = Walk(seed)
    async with proxied(postgres.socket_dir) as proxy:
        config = tortoise_config(proxy.behind(settings.model_copy(update={"database_pool_size": CONNECTIONS})))
        config["connections"][CONNECTION]["credentials"]["command_timeout"] = COMMAND_TIMEOUT
        await Tortoise.init(config=config)
        disturbing = asyncio.create_task(disturb(proxy, database, walk))
        try:
            await walk.run()
            assert not disturbing.done(), "the connections were harmed until the end"
            disturbing.cancel()
            with suppress(asyncio.CancelledError):
                await disturbing
            proxy.cut_after(None)
            await check_recovery(database)
        except BaseException as error:
            error.add_note(f"seed {seed}; {walk.outcomes}")
            raise
        finally:
            disturbing.cancel()
            await Tortoise.close_connections()
    rows = Counter(row["number"] for row in await database.fetch("SELECT number FROM numbers"))
    assert {number for number in rows if number < 0} == set(), "a rolled back transaction leaves nothing"
    assert set(rows.values()) <= {1}, "no statement ran twice"
    assert walk.added <= rows.keys(), "a confirmed insertion stays"
    assert walk.outcomes["answered"] > OPERATIONS / 2, walk.outcomes
    print(f"seed {seed}: {dict(walk.outcomes)}")  # noqa: T201 - shown with -s


async def check_recovery(database: asyncpg.Connection) -> None:
    """Checks that every connection of the pool is usable once nothing disturbs it."""
    # Replaces the connections that were harmed last.
    await asyncio.gather(*(fetch(READ, number) for number in range(CONNECTIONS)), return_exceptions=True)
    rows = await asyncio.gather(*(fetch(READ, number) for number in range(10 * CONNECTIONS)))
    assert [row["number"] for (row,) in rows] == list(range(10 * CONNECTIONS))

    async def is_tidy() -> bool:
        states = await database.fetch("SELECT state FROM pg_stat_activity WHERE application_name = 'marquee'")
        return len(states) <= CONNECTIONS and {row["state"] for row in states} == {"idle"}

    await seconds_until(is_tidy)
