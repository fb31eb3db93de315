"""The inverse that the closed form needs, of a Gram matrix with a weighted diagonal, a block of rows at a time."""

from __future__ import annotations

from typing import Protocol

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


class DenseInverse:
    """Inverts the movies' own matrix in place, by Cholesky: one matrix of movies x movies in memory."""

    def __init__(self, matrix: Matrix, added: Floats) -> None:
        """`added`: d, above 0."""
        movies = matrix.shape[1]
        transposed, by_movie = sparse.csr_array(matrix.T), sparse.csc_array(matrix)
        gram = np.empty((movies, movies), order="F")
        # In parts: the whole as a sparse product would hold more than the dense one.
        for start in range(0, movies, BLOCK):
            gram[:, start : start + BLOCK] = (transposed @ by_movie[:, start : start + BLOCK]).toarray()
        gram[np.diag_indices_from(gram)] += added
        factor, _ = linalg.lapack.dpotrf(gram, lower=1, overwrite_a=1)
        self._lower, _ = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
        self.diagonal: Floats = self._lower.diagonal().copy()

    def rows(self, places: slice) -> Floats:
        """Returns some rows: what is left of the diagonal, and below it, for LAPACK fills one half."""
        start, stop, _ = places.indices(len(self._lower))
        block = np.empty((stop - start, len(self._lower)))
        block[:, :start] = self._lower[start:stop, :start]
        block[:, start:] = self._lower[start:, start:stop].T
        corner = self._lower[start:stop, start:stop]
        block[:, start:stop] = np.tril(corner) + np.tril(corner, -1).T
        return block


class WoodburyInverse:
    """The same by Woodbury's identity: inverts a matrix of rows x rows instead, where there are few."""

    def __init__(self, matrix: Matrix, added: Floats) -> None:
        """`added`: d, above 0."""
        self._added = added
        self._scaled: Floats = (matrix @ sparse.diags_array(1 / added)).toarray()
        core = (matrix @ self._scaled.T) + np.eye(matrix.shape[0])
        # The inverse is diag(1/d) - Z'Z with Z the solution of L Z = X diag(1/d).
        self._half: Floats = linalg.solve_triangular(
            linalg.cholesky(core, lower=True, overwrite_a=True), self._scaled, lower=True, overwrite_b=True
        )
        self.diagonal: Floats = 1 / added - np.einsum("ui,ui->i", self._half, self._half)

    def rows(self, places: slice) -> Floats:
        """Returns some rows."""
        start, stop, _ = places.indices(len(self._added))
        block: Floats = self._half[:, start:stop].T @ self._half
        np.negative(block, out=block)
        block[np.arange(stop - start), np.arange(start, stop)] += 1 / self._added[start:stop]
        return block


def invert(matrix: Matrix, added: Floats) -> Inverse:
    """Returns the inverse by whichever way holds less in memory and takes less time."""
    rows, movies = matrix.shape
    return WoodburyInverse(matrix, added) if rows * 2 <= movies else DenseInverse(matrix, added)
