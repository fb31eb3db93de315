"""Figures: ratios of two things that are measured alternately."""

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
"""Milliseconds in a second."""


class MeasurementFailed(RuntimeError):
    """A benchmark could not run; the message states the reason."""


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    """`one thing / the other`."""
    pairs: Sequence[tuple[float, float]]
    """Both measured values, one pair for each repeat."""
    unit: str
    goal: str = ""
    remark: str = ""

    @property
    def ratio(self) -> str:
        """Median of the ratios."""
        return f"{statistics.median(self._ratios):.3f}"

    @property
    def spread(self) -> str:
        """Middle half of the ratios, and the number of repeats."""
        if len(self._ratios) == 1:
            return "1 repeat"
        first, _, third = statistics.quantiles(self._ratios, n=4, method="inclusive")
        return f"{first:.3f} to {third:.3f} of {len(self._ratios)}"

    @property
    def numbers(self) -> str:
        """Medians of both measured values."""
        one, other = (statistics.median(side) for side in zip(*self.pairs, strict=True))
        return f"{one:.3g} {self.unit} / {other:.3g} {self.unit}" + (f"; {self.remark}" if self.remark else "")

    @property
    def _ratios(self) -> list[float]:
        # The system measures CPU time in hundredths of a second, so a very short round may cost zero.
        return [one / other if other else math.nan for one, other in self.pairs]


@dataclass(frozen=True)
class Hashing:
    """The parameters of argon2id that determine the time of a verification."""

    time_cost: int
    memory_kib: int


@dataclass(frozen=True)
class RunOptions:
    """Number and length of the rounds; both are small when only the benchmarks themselves are checked."""

    is_quick: bool

    def repeats(self, usual: int) -> int:
        """Returns the number of repeats."""
        return 1 if self.is_quick else usual

    def seconds(self, usual: float) -> float:
        """Returns the length of a round."""
        return usual / 10 if self.is_quick else usual

    @property
    def hashing(self) -> Hashing:
        """The parameters of production, or cheap ones for a quick run."""
        if self.is_quick:
            return Hashing(time_cost=1, memory_kib=8192)
        fields = Settings.model_fields
        return Hashing(fields["password_time_cost"].default, fields["password_memory_kib"].default)


def alternate(one: Callable[[], First], other: Callable[[], Second], *, repeats: int) -> list[tuple[First, Second]]:
    """Measures both repeatedly and changes which one is first, so that a steady drift affects both equally."""
    pairs = []
    for repeat in range(repeats):
        if repeat % 2:
            second = other()
            pairs.append((one(), second))
        else:
            pairs.append((one(), other()))
    return pairs
