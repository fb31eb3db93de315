"""Weighted links from movies to movies, as a compressed sparse matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

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


def find(ids: NDArray[Any], wanted: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Returns where movies are among ascending ids, and which are there at all; the place of others means nothing."""
    places = np.minimum(np.searchsorted(ids, wanted), max(0, len(ids) - 1))
    known = ids[places] == wanted if len(ids) else np.zeros(len(wanted), bool)
    return places, known
