"""Slots: how many streams one holder may keep open at once on this worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from service.errors import ResourceExhausted


class Slots:
    """A number of places for each holder."""

    def __init__(self, most: int, *, refusal: Callable[[int], ResourceExhausted]) -> None:
        self._most = most
        self._refusal = refusal
        self._taken: Counter[Hashable] = Counter()

    @contextmanager
    def taken(self, holder: Hashable) -> Iterator[None]:
        """Takes one of the holder's places for as long as it is entered; raises the refusal when none is left."""
        if self._taken[holder] >= self._most:
            raise self._refusal(self._most)
        self._taken[holder] += 1
        try:
            yield
        finally:
            self._taken[holder] -= 1
            if not self._taken[holder]:
                del self._taken[holder]
