"""Windows that slide: where calls are counted, in this worker's memory or in the store that workers share.

The count of a window is that of the fixed window under way, and of the one before as much as the sliding window
still covers (`limits`: "sliding window counter"). In the shared store that is `limits`' own; its memory, at 5.8,
looks through all its keys at every call, so the one here keeps them by window instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from limits import RateLimitItem

from service.ratelimit.redis_storage import SharedStore

INSTANT = 0.001
"""Seconds after a count has sunk to the limit until it is below."""


class Counts(NamedTuple):
    """What is counted of one caller and class."""

    previous: int
    previous_left: float
    """Seconds until the previous window is no longer covered."""
    current: int
    current_left: float
    """Seconds until the window under way is no longer covered: one length after its end."""

    def used(self, rate: RateLimitItem) -> int:
        """Returns how many calls count in the sliding window."""
        return math.floor(self.previous * self.previous_left / rate.get_expiry()) + self.current

    def retry_after(self, rate: RateLimitItem) -> float:
        """Returns the seconds until the rate admits a call; 0 when it does now."""
        if self.used(rate) < rate.amount:
            return 0.0
        length = rate.get_expiry()
        if self.current >= rate.amount:
            # Not before the window under way has become the previous one.
            return self.current_left - length + INSTANT
        covered = (rate.amount - self.current) / self.previous * length
        return self.previous_left - covered + INSTANT


class SlidingWindow(Protocol):
    """Where calls are counted."""

    async def admit(self, rate: RateLimitItem, key: str) -> bool:
        """Counts a call unless the rate is used up; tells which. A refused call is not counted."""
        ...

    async def counts(self, rate: RateLimitItem, key: str) -> Counts:
        """Returns what is counted now."""
        ...


class MemorySlidingWindow:
    """Counts of this process. All callers' windows begin at once, so old ones are forgotten at once, too."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        """`clock` tells seconds and never goes back."""
        self._clock = clock
        self._begun = clock()
        self._by_length: dict[int, _Pair] = {}

    async def admit(self, rate: RateLimitItem, key: str) -> bool:
        """Counts a call unless the rate is used up."""
        return self.admits(rate, key)

    def admits(self, rate: RateLimitItem, key: str) -> bool:
        """Does the same at once."""
        pair, left = self._pair(rate.get_expiry())
        current = pair.current.get(key, 0)
        # What both windows hold is the most that can count, and nearly always less than the rate.
        if current + pair.previous.get(key, 0) >= rate.amount and pair.counts(key, left).used(rate) >= rate.amount:
            return False
        pair.current[key] = current + 1
        return True

    async def counts(self, rate: RateLimitItem, key: str) -> Counts:
        """Returns what is counted now."""
        pair, left = self._pair(rate.get_expiry())
        return pair.counts(key, left)

    def _pair(self, length: int) -> tuple[_Pair, float]:
        """Returns the windows of a length, and the seconds until the one under way ends."""
        number, passed = divmod(self._clock() - self._begun, length)
        pair = self._by_length.get(length)
        if pair is None or pair.number != number:
            follows = pair is not None and number == pair.number + 1
            pair = _Pair(length, number, previous=pair.current if pair and follows else {}, current={})
            self._by_length[length] = pair
        return pair, length - passed


@dataclass(slots=True)
class _Pair:
    """The windows of all callers: the one under way and the one before."""

    length: int
    number: float
    previous: dict[str, int]
    current: dict[str, int]

    def counts(self, key: str, left: float) -> Counts:
        return Counts(self.previous.get(key, 0), left, self.current.get(key, 0), left + self.length)


class SharedSlidingWindow:
    """Counts in the shared store; every method raises SharedStoreUnavailable."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store

    async def admit(self, rate: RateLimitItem, key: str) -> bool:
        """Counts a call unless the rate is used up."""
        length, stored = rate.get_expiry(), rate.key_for(key)
        return await self._store.ask(lambda s: s.acquire_sliding_window_entry(stored, rate.amount, length))

    async def counts(self, rate: RateLimitItem, key: str) -> Counts:
        """Returns what is counted now."""
        stored = rate.key_for(key)
        return Counts(*await self._store.ask(lambda s: s.get_sliding_window(stored, rate.get_expiry())))
