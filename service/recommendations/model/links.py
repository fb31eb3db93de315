"""Weighted links from movies to movies, as a compressed sparse matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Links:
    """The rows of a sparse matrix, one behind the other."""

    starts: NDArray[np.int64]
    """Where each row begins, and where the last ends: one number more than rows."""
    targets: NDArray[np.int32]
    """Column of each link."""
    values: NDArray[np.float32]
    """Weight of each link."""

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[NDArray[np.int32], NDArray[np.float32]]]) -> Links:
        """Puts rows together, each its columns and their weights."""
        pairs = list(rows)
        starts = np.zeros(len(pairs) + 1, np.int64)
        np.cumsum([len(targets) for targets, _ in pairs], out=starts[1:])
        empty: tuple[Sequence[NDArray[np.int32]], Sequence[NDArray[np.float32]]] = (
            [np.empty(0, np.int32), *(targets for targets, _ in pairs)],
            [np.empty(0, np.float32), *(values for _, values in pairs)],
        )
        return cls(starts, np.concatenate(empty[0]), np.concatenate(empty[1]))

    def row(self, place: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Returns a row's columns and weights."""
        part = slice(self.starts[place], self.starts[place + 1])
        return self.targets[part], self.values[part]

    def gather(self, places: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns the numbers of the links of several rows, row after row, and how many each row has."""
        begins = self.starts[places]
        counts = self.starts[places + 1] - begins
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        return np.arange(total) + np.repeat(begins - (ends - counts), counts), counts

    def transposed(self, columns: int) -> Links:
        """Returns the same links from their targets to their sources; within a row by source."""
        order = np.argsort(self.targets, kind="stable")
        sources = np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))
        starts = np.zeros(columns + 1, np.int64)
        np.cumsum(np.bincount(self.targets, minlength=columns), out=starts[1:])
        return Links(starts, sources[order], self.values[order])

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.starts.nbytes + self.targets.nbytes + self.values.nbytes
