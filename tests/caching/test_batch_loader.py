"""Look-ups that concurrent callers share."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from service.caching.batch_loader import BatchLoader


class Squares:
    """Loads the square of each even number, once the test allows it."""

    def __init__(self) -> None:
        self.requested: list[set[int]] = []
        self.may_answer = asyncio.Event()
        self.fails = False

    async def load(self, keys: Collection[int]) -> dict[int, int]:
        self.requested.append(set(keys))
        await self.may_answer.wait()
        if self.fails:
            raise ConnectionError("lost")
        return {key: key * key for key in keys if key % 2 == 0}


async def run_other_tasks() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_callers_who_come_during_a_query_share_the_next_one() -> None:
    squares = Squares()
    loader = BatchLoader(squares.load)
    first = asyncio.create_task(loader.find(2))
    await run_other_tasks()
    later = [asyncio.create_task(loader.find(key)) for key in (2, 3, 4, 4)]
    await run_other_tasks()
    squares.may_answer.set()
    assert [await first, *[await each for each in later]] == [4, 4, None, 16, 16]
    assert squares.requested == [{2}, {2, 3, 4}], "no caller gets the result of a query that began before"


async def test_a_failed_query_fails_its_callers_and_not_the_next_query() -> None:
    squares = Squares()
    loader = BatchLoader(squares.load)
    squares.fails = True
    callers = [asyncio.create_task(loader.find(key)) for key in (2, 4)]
    await run_other_tasks()
    squares.may_answer.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError] * 2
    squares.fails = False
    assert await loader.find(6) == 36


async def test_a_cancelled_caller_does_not_cancel_the_others() -> None:
    squares = Squares()
    loader = BatchLoader(squares.load)
    cancelled, remaining = [asyncio.create_task(loader.find(2)) for _ in range(2)]
    await run_other_tasks()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    squares.may_answer.set()
    assert await remaining == 4
