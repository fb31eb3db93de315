"""Model in the memory of a worker: sparse arrays that score a user's history without the database.

A position is an index into the ascending ids of the movies that the model knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ids: TypeAlias = NDArray[np.int32]
Scores: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = "sparse.csr_array[np.float32]"
WeightRow: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Columns and their weights."""


@dataclass(frozen=True, eq=False)
class SparseWeights:
    """Weights from movies to movies as a compressed sparse matrix: its rows, one after another."""

    starts: NDArray[np.int64]
    """Start of each row, then the end of the last: one number more than rows."""
    targets: NDArray[np.int32]
    """Column of each weight."""
    values: NDArray[np.float32]

    @classmethod
    def from_rows(cls, rows: Iterable[WeightRow]) -> SparseWeights:
        """Returns the matrix of these rows."""
        pairs = list(rows)
        starts = np.zeros(len(pairs) + 1, np.int64)
        np.cumsum([len(targets) for targets, _ in pairs], out=starts[1:])
        # np.concatenate needs at least one array.
        targets: Sequence[NDArray[np.int32]] = [np.empty(0, np.int32), *(targets for targets, _ in pairs)]
        values: Sequence[NDArray[np.float32]] = [np.empty(0, np.float32), *(values for _, values in pairs)]
        return cls(starts, np.concatenate(targets), np.concatenate(values))

    def row(self, position: int) -> WeightRow:
        """Returns the columns and weights of a row."""
        part = slice(self.starts[position], self.starts[position + 1])
        return self.targets[part], self.values[part]

    def transposed(self, columns: int) -> SparseWeights:
        """Returns the transposed matrix; within a row, columns ascend."""
        order = np.argsort(self.targets, kind="stable")
        sources = np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))
        starts = np.zeros(columns + 1, np.int64)
        np.cumsum(np.bincount(self.targets, minlength=columns), out=starts[1:])
        return SparseWeights(starts, sources[order], self.values[order])

    @property
    def nbytes(self) -> int:
        """Size of the arrays in bytes."""
        return self.starts.nbytes + self.targets.nbytes + self.values.nbytes


def find_positions(ids: NDArray[Any], movie_ids: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Returns the positions of movies in ascending ids, and which movies are there.

    The position of a movie that is not there is arbitrary.
    """
    positions = np.minimum(np.searchsorted(ids, movie_ids), max(0, len(ids) - 1))
    known = ids[positions] == movie_ids if len(ids) else np.zeros(len(movie_ids), bool)
    return positions, known


@dataclass(frozen=True, eq=False)
class ServingModel:
    """One version of the model. It never changes, so concurrent tasks may read it."""

    version: int
    """Id of the row in recommendation_models."""
    movie_ids: Ids
    """The movies that the model knows, ascending."""
    weights: SparseWeights
    """From a movie of a history (row) to the movies it speaks for; a negative weight speaks against a movie."""
    similar_movies: SparseWeights
    """From a movie (row) to similar ones, the most similar first."""
    _matrix: Matrix = field(init=False, repr=False)
    """The arrays of `weights` as a SciPy matrix."""

    def __post_init__(self) -> None:
        size = len(self.movie_ids)
        weights = self.weights
        matrix: Matrix = sparse.csr_array((weights.values, weights.targets, weights.starts), shape=(size, size))
        object.__setattr__(self, "_matrix", matrix)

    def contributions(self, history: Mapping[int, float]) -> Contributions:
        """Returns the contributions of a history; movies that the model does not know are left out.

        `history` maps movies to their weights, which are those of `dataset.history_weight`.
        """
        ids = np.fromiter(history, np.int64, len(history))
        positions, known = find_positions(self.movie_ids, ids)
        weights = np.fromiter(history.values(), np.float32, len(history))[known]
        return Contributions(self.movie_ids, len(history), positions[known], weights, self._matrix[positions[known]])

    def similar(self, movie_id: int, limit: int) -> list[tuple[int, float]]:
        """Returns up to `limit` movies with their similarity, above 0 and at most 1, the most similar first.

        Returns an empty list for a movie that the model does not know.
        """
        (position,), (known,) = find_positions(self.movie_ids, np.array([movie_id]))
        if not known:
            return []
        start, end = self.similar_movies.starts[position : position + 2]
        end = min(end, start + limit)
        ids = self.movie_ids[self.similar_movies.targets[start:end]]
        return list(zip(ids.tolist(), self.similar_movies.values[start:end].tolist(), strict=True))

    @property
    def size_bytes(self) -> int:
        """Size of the arrays in bytes."""
        return self.movie_ids.nbytes + self.weights.nbytes + self.similar_movies.nbytes


@dataclass(frozen=True, eq=False)
class Contributions:
    """Contribution of each movie of a history to the score of each movie; scores and reasons are computed from it."""

    movie_ids: Ids
    """All movies that the model knows, ascending."""
    history_size: int
    """Number of movies in the history, with those that the model does not know."""
    positions: NDArray[np.intp]
    """Positions of the known movies of the history."""
    history_weights: Scores
    """Weight of each of these."""
    weights: Matrix
    """Row of the model's weights for each of these."""

    def scores(self) -> Scores:
        """Returns the score of every movie that the model knows, by position.

        A score ranks movies for one history; scores of two histories are not comparable. It is 0 for a movie that no
        movie of the history speaks for or against. Movies of the history have scores, too: the caller excludes them.
        """
        scores: Scores = self.weights.T @ self.history_weights
        return scores

    def reasons(self, movie_ids: Sequence[int], *, least: float) -> list[int | None]:
        """Returns for each movie the movie of the history that contributes most to its score, or None.

        Only movies of the history with a weight of at least `least`, above 0, are reasons: a disliked movie is none.
        """
        requested, known = find_positions(self.movie_ids, np.array(movie_ids, np.int64))
        is_requested = np.zeros(len(self.movie_ids), bool)
        is_requested[requested[known]] = True
        entries = np.flatnonzero(is_requested.take(self.weights.indices))
        sources = np.searchsorted(self.weights.indptr, entries, side="right") - 1
        amounts = self.weights.data[entries] * self.history_weights[sources]
        positive = np.flatnonzero((amounts > 0) & (self.history_weights[sources] >= least))
        # Ascending, so that the largest one remains in the dict; of equal ones, the movie of the lower id.
        order = positive[np.lexsort((-self.positions[sources[positive]], amounts[positive]))]
        strongest = self.movie_ids[self.positions[sources[order]]]
        reason_of = dict(zip(self.weights.indices[entries[order]].tolist(), strongest.tolist(), strict=True))
        return [
            reason_of.get(position) if is_known else None
            for position, is_known in zip(requested.tolist(), known.tolist(), strict=True)
        ]
