"""Limits on the streams that one caller keeps open at the same time on this worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from service.errors import ResourceExhausted


class ConcurrencyLimit:
    """Admits at most `limit` concurrent uses for each key."""

    def __init__(self, limit: int, *, error: Callable[[int], ResourceExhausted]) -> None:
        """`error` makes the exception for a use above the limit; it receives the limit."""
        self._limit = limit
        self._error = error
        self._active: Counter[Hashable] = Counter()

    @contextmanager
    def acquire(self, key: Hashable) -> Iterator[None]:
        """Counts one use of the key until the block ends; raises the error when the limit is reached."""
        if self._active[key] >= self._limit:
            raise self._error(self._limit)
        self._active[key] += 1
        try:
            yield
        finally:
            self._active[key] -= 1
            if not self._active[key]:
                del self._active[key]
