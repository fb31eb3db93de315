"""Rows that an import could not use: counted, the first of them kept, each told on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

KEPT = 20


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row, or an entry of one, that was left out."""

    file: str
    line: int
    """Where the row begins, the header being line 1."""
    kind: str
    """What it would have been, such as `movie`."""
    reason: str


class BadRows:
    """Collects what an import leaves out, in bounded memory."""

    def __init__(self, *, told: Callable[[BadRow], None]) -> None:
        """`told` hears of every bad row as it is found."""
        self._told = told
        self.counts: Counter[str] = Counter()
        """How many there are, by kind."""
        self.first: list[BadRow] = []
        """The first 20."""

    def add(self, row: BadRow) -> None:
        """Counts a bad row."""
        self.counts[row.kind] += 1
        if len(self.first) < KEPT:
            self.first.append(row)
        self._told(row)
