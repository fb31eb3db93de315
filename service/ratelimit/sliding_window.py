"""Sliding windows that count calls, in the memory of this worker or in the shared store.

The count is the count of the current fixed window plus the part of the previous one that the sliding window still
covers ("sliding window counter" in `limits`). The shared store uses the implementation of `limits`.

The counts in memory replace the memory storage of `limits` 5.8, which scans all keys after every call: with 10,000
callers a call takes 1.8 ms there and 1 microsecond here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from limits import RateLimitItem

from service.ratelimit.redis_storage import SharedStore

MARGIN = 0.001
"""Seconds added to a wait: at the exact moment the count is still at the limit, not below it."""


class WindowCounts(NamedTuple):
    """The counts of one key."""

    previous: int
    previous_left: float
    """Seconds until the sliding window no longer covers the previous window."""
    current: int
    current_left: float
    """Seconds until the sliding window no longer covers the current window: one length after its end."""

    def used(self, rate: RateLimitItem) -> int:
        """Returns the number of calls in the sliding window."""
        return math.floor(self.previous * self.previous_left / rate.get_expiry()) + self.current

    def retry_after(self, rate: RateLimitItem) -> float:
        """Returns the seconds until the rate admits a call; 0 if it does now."""
        if self.used(rate) < rate.amount:
            return 0.0
        length = rate.get_expiry()
        if self.current >= rate.amount:
            # The current window must first become the previous one.
            return self.current_left - length + MARGIN
        covered = (rate.amount - self.current) / self.previous * length
        return self.previous_left - covered + MARGIN


class SlidingWindow(Protocol):
    """Counts calls by key."""

    async def admit(self, rate: RateLimitItem, key: str) -> bool:
        """Counts a call and returns True, or returns False if the rate is used up; a refused call is not counted."""
        ...

    async def counts(self, rate: RateLimitItem, key: str) -> WindowCounts:
        """Returns the current counts of a key."""
        ...


class MemorySlidingWindow:
    """Counts in the memory of this process. The windows of all keys start and end together."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        """`clock` returns seconds and never goes back."""
        self._clock = clock
        self._started = clock()
        self._by_length: dict[int, _Pair] = {}

    async def admit(self, rate: RateLimitItem, key: str) -> bool:
        """Counts a call and returns True, or returns False if the rate is used up."""
        return self.admits(rate, key)

    def admits(self, rate: RateLimitItem, key: str) -> bool:
        """Does the same as `admit`, without an awaitable."""
        pair, left = self._pair(rate.get_expiry())
        current = pair.current.get(key, 0)
        # The sum of both windows is the highest possible count, and nearly always below the rate.
        if current + pair.previous.get(key, 0) >= rate.amount and pair.counts(key, left).used(rate) >= rate.amount:
            return False
        pair.current[key] = current + 1
        return True

    async def counts(self, rate: RateLimitItem, key: str) -> WindowCounts:
        """Returns the current counts of a key."""
        pair, left = self._pair(rate.get_expiry())
        return pair.counts(key, left)

    def _pair(self, length: int) -> tuple[_Pair, float]:
        """Returns the two windows of a length, and the seconds until the current one ends."""
        number, elapsed = divmod(self._clock() - self._started, length)
        pair = self._by_length.get(length)
        if pair is None or pair.number != number:
            is_next = pair is not None and number == pair.number + 1
            pair = _Pair(length, number, previous=pair.current if pair and is_next else {}, current={})
            self._by_length[length] = pair
        return pair, length - elapsed


@dataclass(slots=True)
class _Pair:
    """The current and the previous window of all keys."""

    length: int
    number: float
    previous: dict[str, int]
    current: dict[str, int]

    def counts(self, key: str, left: float) -> WindowCounts:
        return WindowCounts(self.previous.get(key, 0), left, self.current.get(key, 0), left + self.length)


class SharedSlidingWindow:
    """Counts in the shared store; every method raises SharedStoreUnavailable."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store

    async def admit(self, rate: RateLimitItem, key: str) -> bool:
        """Counts a call and returns True, or returns False if the rate is used up."""
        length, stored_key = rate.get_expiry(), rate.key_for(key)
        return await self._store.run(lambda s: s.acquire_sliding_window_entry(stored_key, rate.amount, length))

    async def counts(self, rate: RateLimitItem, key: str) -> WindowCounts:
        """Returns the current counts of a key."""
        stored_key = rate.key_for(key)
        return WindowCounts(*await self._store.run(lambda s: s.get_sliding_window(stored_key, rate.get_expiry())))
