"""Values that expire: one caller refreshes them, the others do not wait."""

from __future__ import annotations

import asyncio

import pytest

from service.caching.refreshed_value import RefreshedValue


class Source:
    """Loads 1, 2, 3, ..., once the test allows it."""

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        self.loads = 0
        self.may_load = asyncio.Event()
        self.may_load.set()
        self.fails = False

    async def load(self) -> tuple[int, float]:
        self.loads += 1
        loads = self.loads
        await self.may_load.wait()
        if self.fails:
            raise ConnectionError("lost")
        return loads, self.seconds


async def test_a_value_is_loaded_once_until_it_expires() -> None:
    source = Source(seconds=60)
    value = RefreshedValue(source.load)
    assert await asyncio.gather(*(value.get() for _ in range(5))) == [1] * 5
    assert (await value.get(), source.loads) == (1, 1)


async def test_one_caller_refreshes_an_expired_value_and_the_others_get_the_old_one() -> None:
    source = Source(seconds=0)
    value = RefreshedValue(source.load)
    assert await value.get() == 1
    source.may_load.clear()
    refreshing = asyncio.create_task(value.get())
    await asyncio.sleep(0)
    assert [await value.get() for _ in range(3)] == [1] * 3
    source.may_load.set()
    assert (await refreshing, source.loads) == (2, 2)


async def test_after_a_failed_load_the_next_caller_tries_again() -> None:
    source = Source(seconds=60)
    value = RefreshedValue(source.load)
    source.fails = True
    with pytest.raises(ConnectionError):
        await value.get()
    source.fails = False
    assert await value.get() == 2
