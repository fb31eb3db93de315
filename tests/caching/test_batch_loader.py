"""Look-ups that concurrent callers share."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from service.caching.batch_loader import Gathering


class Lookups:
    """Answers with the square of each even number once it is let go on."""

    def __init__(self) -> None:
        self.asked: list[set[int]] = []
        self.goes_on = asyncio.Event()
        self.fails = False

    async def load(self, keys: Collection[int]) -> dict[int, int]:
        self.asked.append(set(keys))
        await self.goes_on.wait()
        if self.fails:
            raise ConnectionError("lost")
        return {key: key * key for key in keys if key % 2 == 0}


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_meanwhile_shares_the_next_query() -> None:
    lookups = Lookups()
    gathering = Gathering(lookups.load)
    first = asyncio.create_task(gathering.find(2))
    await settled()
    later = [asyncio.create_task(gathering.find(key)) for key in (2, 3, 4, 4)]
    await settled()
    lookups.goes_on.set()
    assert [await first, *[await each for each in later]] == [4, 4, None, 16, 16]
    assert lookups.asked == [{2}, {2, 3, 4}], "what was asked for later is never answered by an earlier query"


async def test_each_caller_learns_that_their_query_failed_and_the_next_one_does_not() -> None:
    lookups = Lookups()
    gathering = Gathering(lookups.load)
    lookups.fails = True
    callers = [asyncio.create_task(gathering.find(key)) for key in (2, 4)]
    await settled()
    lookups.goes_on.set()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError] * 2
    lookups.fails = False
    assert await gathering.find(6) == 36


async def test_a_caller_who_gives_up_takes_nobody_along() -> None:
    lookups = Lookups()
    gathering = Gathering(lookups.load)
    leaving, staying = [asyncio.create_task(gathering.find(2)) for _ in range(2)]
    await settled()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    lookups.goes_on.set()
    assert await staying == 4
