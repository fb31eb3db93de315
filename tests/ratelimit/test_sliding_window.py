"""Sliding windows: the wait of a refused caller is exact."""

from __future__ import annotations

import pytest
from limits import parse

from service.ratelimit.sliding_window import MemorySlidingWindow

RATE = parse("10/minute")
KEY = "caller"
MOMENT = 0.002
"""Seconds; more than the margin that is added to a wait."""


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def admitted(window: MemorySlidingWindow) -> int:
    """Makes calls until the first refusal; returns the number of admitted calls."""
    count = 0
    while await window.admit(RATE, KEY):
        count += 1
    return count


@pytest.mark.parametrize(
    ("moments", "wait"),
    [
        ([0], 60),  # all calls at the start of a window
        ([25], 35),  # in the middle of a window
        ([59.5], 0.5),
        ([25, 61], 5),  # the previous window counts as 10 * 59/60 = 9, one call is free
        ([0, 93], 3),  # the previous window counts as 10 * 27/60 = 4, six are free; the next when it counts as 3
    ],
)
async def test_a_wait_is_exact(moments: list[float], wait: float) -> None:
    clock = Clock()
    window, start = MemorySlidingWindow(clock=clock), clock.now
    for moment in moments:
        clock.now = start + moment
        assert await admitted(window) > 0
    wait_time = (await window.counts(RATE, KEY)).retry_after(RATE)
    assert wait_time == pytest.approx(wait, abs=MOMENT)
    clock.now += wait_time - MOMENT
    assert await admitted(window) == 0
    clock.now += MOMENT
    assert await admitted(window) > 0


async def test_the_first_minute_admits_no_more_calls_than_the_limit() -> None:
    clock = Clock()
    window = MemorySlidingWindow(clock=clock)
    assert await admitted(window) == 10
    clock.now += 60
    # A fixed window would now admit ten more.
    assert await admitted(window) == 0
    clock.now += 30
    assert await admitted(window) == 5


async def test_old_windows_are_dropped() -> None:
    clock = Clock()
    window = MemorySlidingWindow(clock=clock)
    await admitted(window)
    for _ in range(2):
        clock.now += 60
        await window.admit(RATE, "another")
    counts = await window.counts(RATE, KEY)
    assert (counts.previous, counts.current) == (0, 0)
    await admitted(window)
    clock.now += 1000
    assert (await window.counts(RATE, KEY)).retry_after(RATE) == 0
    assert await admitted(window) == 10


async def test_rates_with_different_windows_count_separately() -> None:
    window = MemorySlidingWindow(clock=Clock())
    assert await admitted(window) == 10
    assert await window.admit(parse("10/hour"), KEY)
