"""Windows that slide: a caller who used up their calls is told to wait neither more nor less than it takes."""

from __future__ import annotations

import pytest
from limits import parse

from service.ratelimit.sliding_window import MemorySlidingWindow

RATE = parse("10/minute")
KEY = "caller"
MOMENT = 0.002
"""Seconds: more than a wait is rounded up by."""


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def admitted(windows: MemorySlidingWindow) -> int:
    """Calls until the first refusal; returns how many were admitted."""
    count = 0
    while await windows.admit(RATE, KEY):
        count += 1
    return count


@pytest.mark.parametrize(
    ("moments", "wait"),
    [
        ([0], 60),  # all at once, just when a window began
        ([25], 35),  # in its midst
        ([59.5], 0.5),
        ([25, 61], 5),  # what fell into the window before: 10 * 59/60 counts as 9, and one is free
        ([0, 93], 3),  # 10 * 27/60 counts as 4, six are free; the next when it counts as 3
    ],
)
async def test_a_wait_is_exact(moments: list[float], wait: float) -> None:
    clock = Clock()
    windows, begun = MemorySlidingWindow(clock=clock), clock.now
    for moment in moments:
        clock.now = begun + moment
        assert await admitted(windows) > 0
    told = (await windows.counts(RATE, KEY)).retry_after(RATE)
    assert told == pytest.approx(wait, abs=MOMENT)
    clock.now += told - MOMENT
    assert await admitted(windows) == 0
    clock.now += MOMENT
    assert await admitted(windows) > 0


async def test_no_more_calls_than_the_limit_fall_into_a_minute_from_its_start() -> None:
    clock = Clock()
    windows = MemorySlidingWindow(clock=clock)
    assert await admitted(windows) == 10
    clock.now += 60
    # A fixed window would admit ten more at once.
    assert await admitted(windows) == 0
    clock.now += 30
    assert await admitted(windows) == 5


async def test_old_windows_are_forgotten() -> None:
    clock = Clock()
    windows = MemorySlidingWindow(clock=clock)
    await admitted(windows)
    for _ in range(2):
        clock.now += 60
        await windows.admit(RATE, "another")
    counts = await windows.counts(RATE, KEY)
    assert (counts.previous, counts.current) == (0, 0)
    await admitted(windows)
    clock.now += 1000
    assert (await windows.counts(RATE, KEY)).retry_after(RATE) == 0
    assert await admitted(windows) == 10


async def test_rates_of_different_windows_do_not_mix() -> None:
    windows = MemorySlidingWindow(clock=Clock())
    assert await admitted(windows) == 10
    assert await windows.admit(parse("10/hour"), KEY)
