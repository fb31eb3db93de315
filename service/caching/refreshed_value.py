"""Value that is computed again when it is too old, without a wait for most callers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class RefreshedValue(Generic[T]):
    """Value of a worker that expires. One caller refreshes it; meanwhile the others get the expired value."""

    def __init__(self, load: Callable[[], Awaitable[tuple[T, float]]]) -> None:
        """`load` returns the value and the number of seconds after which it expires."""
        self._load = load
        self._loaded: tuple[T, float] | None = None
        """The value and the time of its expiry."""
        self._lock = asyncio.Lock()

    async def get(self) -> T:
        """Returns the value; the first callers wait until it is loaded. Raises the errors of `load`."""
        if self._loaded is not None and (time.monotonic() < self._loaded[1] or self._lock.locked()):
            return self._loaded[0]
        async with self._lock:
            if self._loaded is None or time.monotonic() >= self._loaded[1]:
                value, seconds = await self._load()
                self._loaded = value, time.monotonic() + seconds
            return self._loaded[0]
