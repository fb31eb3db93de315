"""Figures: ratios of two things that are measured in turns."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from service.settings import Settings

First = TypeVar("First")
Second = TypeVar("Second")
MS = 1000.0
"""Milliseconds of a second."""


class MeasurementFailed(RuntimeError):
    """A benchmark could not run; the message says why."""


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    """`one thing / the other`."""
    pairs: Sequence[tuple[float, float]]
    """The one and the other, a pair a repeat."""
    unit: str
    goal: str = ""
    remark: str = ""

    @property
    def ratio(self) -> str:
        """The median of the repeats."""
        return f"{statistics.median(self._ratios):.3f}"

    @property
    def spread(self) -> str:
        """The middle half of the repeats, and how many there were."""
        if len(self._ratios) == 1:
            return "1 repeat"
        first, _, third = statistics.quantiles(self._ratios, n=4, method="inclusive")
        return f"{first:.3f} to {third:.3f} of {len(self._ratios)}"

    @property
    def numbers(self) -> str:
        """What the ratios were made of, the median of each."""
        one, other = (statistics.median(side) for side in zip(*self.pairs, strict=True))
        return f"{one:.3g} {self.unit} / {other:.3g} {self.unit}" + (f"; {self.remark}" if self.remark else "")

    @property
    def _ratios(self) -> list[float]:
        # The system's accounts of CPU are in hundredths of a second: a very short round may have cost none.
        return [one / other if other else math.nan for one, other in self.pairs]


@dataclass(frozen=True)
class Hashing:
    """What of argon2id decides how long a verification takes."""

    time_cost: int
    memory_kib: int


@dataclass(frozen=True)
class Effort:
    """How much is spent on figures; little when they are only to be tried."""

    is_quick: bool

    def repeats(self, usual: int) -> int:
        """Returns how often to measure."""
        return 1 if self.is_quick else usual

    def seconds(self, usual: float) -> float:
        """Returns how long a round is to take."""
        return usual / 10 if self.is_quick else usual

    @property
    def hashing(self) -> Hashing:
        """How passwords are hashed: as production does."""
        if self.is_quick:
            return Hashing(time_cost=1, memory_kib=8192)
        fields = Settings.model_fields
        return Hashing(fields["password_time_cost"].default, fields["password_memory_kib"].default)


def in_turns(one: Callable[[], First], other: Callable[[], Second], *, repeats: int) -> list[tuple[First, Second]]:
    """Measures both, again and again, each first every second time: what drifts evenly meets both alike."""
    pairs = []
    for repeat in range(repeats):
        if repeat % 2:
            late = other()
            pairs.append((one(), late))
        else:
            pairs.append((one(), other()))
    return pairs
