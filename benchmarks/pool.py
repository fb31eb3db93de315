"""Connection pool: reads by primary key through our pool and through asyncpg's, in this process."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import asyncpg
import uvloop

from benchmarks.figure import Figure, RunOptions, alternate
from benchmarks.stack import Stack
from service.database.pool import ConnectionPool
from service.settings import Settings

TASKS = (1, 8, 32)
CONNECTIONS = Settings.model_fields["database_pool_size"].default
STATEMENT = "SELECT id, title FROM movies WHERE id = $1"
SECONDS = 0.5
REPEATS = 8
THOUSAND = 1000
MICROSECONDS = 1e6
Read: TypeAlias = Callable[[int], Awaitable[object]]


@dataclass(frozen=True)
class Result:
    """Result of one round."""

    per_second: float
    cpu: float
    """Microseconds of this process per read, without PostgreSQL's."""


def measure(stack: Stack, options: RunOptions) -> Iterator[Figure]:
    """Measures our pool against asyncpg's, without a reset after each use and with asyncpg's default reset."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        resources = AsyncExitStack()
        ours, without_reset, by_default = runner.run(_open_pools(stack.database_url, resources))
        others = {"asyncpg's without reset": without_reset, "asyncpg's by default": by_default}
        for (name, other), tasks in itertools.product(others.items(), TASKS):

            def result(read: Read, tasks: int = tasks) -> Result:
                return runner.run(_round(read, stack.movie_ids, tasks=tasks, seconds=options.seconds(SECONDS)))

            one, another = partial(result, ours), partial(result, other)
            for warm_up in (one, another):
                warm_up()
            pairs = alternate(one, another, repeats=options.repeats(REPEATS))
            title = f"{tasks} tasks on {CONNECTIONS} connections"
            rates = [(our.per_second / THOUSAND, their.per_second / THOUSAND) for our, their in pairs]
            yield Figure(f"{title}, rate: our pool / {name}", rates, "thousand a second")
            yield Figure(
                f"{title}, CPU: {name} / our pool", [(their.cpu, our.cpu) for our, their in pairs], "µs a read"
            )
        runner.run(resources.aclose())


async def _open_pools(database_url: str, resources: AsyncExitStack) -> tuple[Read, Read, Read]:
    """Returns the reads through our pool, asyncpg's without a reset, and asyncpg's."""
    pool = ConnectionPool(partial(asyncpg.connect, database_url), max_size=CONNECTIONS, acquire_timeout=10)
    resources.push_async_callback(pool.close)
    pool_options: dict[str, Any] = {"min_size": CONNECTIONS, "max_size": CONNECTIONS}
    without_reset = await resources.enter_async_context(
        asyncpg.create_pool(database_url, reset=_no_reset, **pool_options)
    )
    by_default = await resources.enter_async_context(asyncpg.create_pool(database_url, **pool_options))

    async def read(movie_id: int) -> None:
        connection = await pool.acquire()
        await connection.fetch(STATEMENT, movie_id)
        await pool.release(connection, is_answered=True)

    return read, partial(without_reset.fetch, STATEMENT), partial(by_default.fetch, STATEMENT)


async def _round(read: Read, movie_ids: Sequence[int], *, tasks: int, seconds: float) -> Result:
    """Reads the movies in turn in so many tasks at a time, for so long."""
    ids = itertools.cycle(movie_ids)
    start, cpu = time.perf_counter(), time.process_time()

    async def repeat() -> int:
        count = 0
        while time.perf_counter() < start + seconds:
            await read(next(ids))
            count += 1
        return count

    total = sum(await asyncio.gather(*(repeat() for _ in range(tasks))))
    return Result(total / (time.perf_counter() - start), (time.process_time() - cpu) / total * MICROSECONDS)


async def _no_reset(_connection: object) -> None:
    """Sends nothing."""
