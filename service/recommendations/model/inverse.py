"""The inverse that the closed form needs, of a Gram matrix with a weighted diagonal, and that matrix, both in parts."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from service.recommendations.model.dataset import Matrix

BLOCK = 256
Floats = NDArray[np.float64]


class Inverse(Protocol):
    """The inverse of X'X + diag(d)."""

    diagonal: Floats

    def rows(self, places: slice) -> Floats:
        """Returns some rows, as an array of the caller's own."""

    def gram(self, places: NDArray[np.intp]) -> Floats:
        """Returns what was inverted, of some places, ascending; nothing is said of what is below its diagonal."""


class DenseInverse:
    """Inverts the movies' own matrix in place, by Cholesky: one matrix of movies x movies in memory.

    LAPACK works on one half of a symmetric matrix, so the other goes on holding what was inverted.
    """

    def __init__(self, matrix: Matrix, added: Floats) -> None:
        """`added`: d, above 0."""
        gram = _gram(matrix, np.float64)
        gram[np.diag_indices_from(gram)] += added
        self._gram_diagonal: Floats = gram.diagonal().copy()
        factor, _ = linalg.lapack.dpotrf(gram, lower=1, clean=0, overwrite_a=1)
        self._both, _ = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
        self.diagonal: Floats = self._both.diagonal().copy()

    def rows(self, places: slice) -> Floats:
        """Returns some rows: what is left of the diagonal, and below it, for the inverse fills one half."""
        start, stop, _ = places.indices(len(self._both))
        block = np.empty((stop - start, len(self._both)))
        block[:, :start] = self._both[start:stop, :start]
        block[:, start:] = self._both[start:, start:stop].T
        corner = self._both[start:stop, start:stop]
        block[:, start:stop] = np.tril(corner) + np.tril(corner, -1).T
        return block

    def gram(self, places: NDArray[np.intp]) -> Floats:
        """Returns a part of what was inverted."""
        # A column at a time, as they lie in memory.
        part: Floats = self._both.T[np.ix_(places, places)].T
        part[np.diag_indices_from(part)] = self._gram_diagonal[places]
        return part


class WoodburyInverse:
    """The same by Woodbury's identity: inverts a matrix of rows x rows instead, where there are few.

    With half as many rows as movies it holds as much as the other: what the inverse comes from, and X'X in single
    precision.
    """

    def __init__(self, matrix: Matrix, added: Floats) -> None:
        """`added`: d, above 0."""
        self._added = added
        scaled: Floats = (matrix @ sparse.diags_array(1 / added)).toarray()
        core = (matrix @ scaled.T) + np.eye(matrix.shape[0])
        # The inverse is diag(1/d) - Z'Z with Z the solution of L Z = X diag(1/d).
        self._half: Floats = linalg.solve_triangular(
            linalg.cholesky(core, lower=True, overwrite_a=True), scaled, lower=True, overwrite_b=True
        )
        # Both are large, and only one of them is needed by now.
        del scaled
        self.diagonal: Floats = 1 / added - np.einsum("ui,ui->i", self._half, self._half)
        self._gram = _gram(matrix, np.float32)

    def rows(self, places: slice) -> Floats:
        """Returns some rows."""
        start, stop, _ = places.indices(len(self._added))
        block: Floats = self._half[:, start:stop].T @ self._half
        np.negative(block, out=block)
        block[np.arange(stop - start), np.arange(start, stop)] += 1 / self._added[start:stop]
        return block

    def gram(self, places: NDArray[np.intp]) -> Floats:
        """Returns a part of what was inverted."""
        part: Floats = self._gram.T[np.ix_(places, places)].astype(np.float64)
        part[np.diag_indices_from(part)] += self._added[places]
        return part


def _gram(matrix: Matrix, kind: type[np.floating]) -> NDArray[Any]:
    """Returns X'X, as LAPACK takes it."""
    movies = matrix.shape[1]
    transposed, by_movie = sparse.csr_array(matrix.T), sparse.csc_array(matrix)
    gram = np.empty((movies, movies), kind, order="F")
    # In parts: the whole as a sparse product would hold more than the dense one.
    for start in range(0, movies, BLOCK):
        gram[:, start : start + BLOCK] = (transposed @ by_movie[:, start : start + BLOCK]).toarray()
    return gram


def invert(matrix: Matrix, added: Floats) -> Inverse:
    """Returns the inverse by whichever way holds less in memory and takes less time."""
    rows, movies = matrix.shape
    return WoodburyInverse(matrix, added) if rows * 2 <= movies else DenseInverse(matrix, added)
