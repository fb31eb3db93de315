"""Inverse of a Gram matrix with a weighted diagonal, for the closed form of the training.

The rows of the inverse and parts of the matrix itself can be read block by block.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from service.recommendations.model.dataset import Matrix

BLOCK = 256
Floats = NDArray[np.float64]


class Inverse(Protocol):
    """Inverse of X'X + diag(d)."""

    diagonal: Floats

    def rows(self, positions: slice) -> Floats:
        """Returns rows of the inverse, as a new array."""

    def gram(self, positions: NDArray[np.intp]) -> Floats:
        """Returns X'X + diag(d) at ascending positions; the part below the diagonal is undefined."""


class DenseInverse:
    """Inverse by Cholesky decomposition, in place: one matrix of movies x movies in memory.

    LAPACK works on one half of a symmetric matrix, so the other half still holds the original.
    """

    def __init__(self, matrix: Matrix, added: Floats) -> None:
        """`added` is d; all its elements are above 0."""
        gram = _gram(matrix, np.float64)
        gram[np.diag_indices_from(gram)] += added
        self._gram_diagonal: Floats = gram.diagonal().copy()
        factor, _ = linalg.lapack.dpotrf(gram, lower=1, clean=0, overwrite_a=1)
        # The inverse is on and below the diagonal, the original above it.
        self._halves, _ = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
        self.diagonal: Floats = self._halves.diagonal().copy()

    def rows(self, positions: slice) -> Floats:
        """Returns rows of the inverse: their part left of the diagonal, and the columns below it, transposed."""
        start, stop, _ = positions.indices(len(self._halves))
        block = np.empty((stop - start, len(self._halves)))
        block[:, :start] = self._halves[start:stop, :start]
        block[:, start:] = self._halves[start:, start:stop].T
        corner = self._halves[start:stop, start:stop]
        block[:, start:stop] = np.tril(corner) + np.tril(corner, -1).T
        return block

    def gram(self, positions: NDArray[np.intp]) -> Floats:
        """Returns a part of the original matrix."""
        # Transposed twice to read it column by column, which is its order in memory.
        part: Floats = self._halves.T[np.ix_(positions, positions)].T
        part[np.diag_indices_from(part)] = self._gram_diagonal[positions]
        return part


class WoodburyInverse:
    """Inverse by Woodbury's identity: it inverts a matrix of rows x rows, which is small if X has few rows.

    If X has half as many rows as movies, it takes as much memory as DenseInverse: the factor of the inverse, and X'X in
    single precision.
    """

    def __init__(self, matrix: Matrix, added: Floats) -> None:
        """`added` is d; all its elements are above 0."""
        self._added = added
        scaled: Floats = (matrix @ sparse.diags_array(1 / added)).toarray()
        core = (matrix @ scaled.T) + np.eye(matrix.shape[0])
        # The inverse is diag(1/d) - Z'Z, where Z is the solution of L Z = X diag(1/d).
        self._factor: Floats = linalg.solve_triangular(
            linalg.cholesky(core, lower=True, overwrite_a=True), scaled, lower=True, overwrite_b=True
        )
        # Frees memory before the Gram matrix is made.
        del scaled
        self.diagonal: Floats = 1 / added - np.einsum("ui,ui->i", self._factor, self._factor)
        self._gram = _gram(matrix, np.float32)

    def rows(self, positions: slice) -> Floats:
        """Returns rows of the inverse."""
        start, stop, _ = positions.indices(len(self._added))
        block: Floats = self._factor[:, start:stop].T @ self._factor
        np.negative(block, out=block)
        block[np.arange(stop - start), np.arange(start, stop)] += 1 / self._added[start:stop]
        return block

    def gram(self, positions: NDArray[np.intp]) -> Floats:
        """Returns a part of the original matrix."""
        part: Floats = self._gram.T[np.ix_(positions, positions)].astype(np.float64)
        part[np.diag_indices_from(part)] += self._added[positions]
        return part


def invert(matrix: Matrix, added: Floats) -> Inverse:
    """Returns the inverse by the method that takes less memory and time."""
    rows, movies = matrix.shape
    return WoodburyInverse(matrix, added) if rows * 2 <= movies else DenseInverse(matrix, added)


def _gram(matrix: Matrix, kind: type[np.floating]) -> NDArray[Any]:
    """Returns X'X in the memory order of LAPACK."""
    movies = matrix.shape[1]
    transposed, by_movie = sparse.csr_array(matrix.T), sparse.csc_array(matrix)
    gram = np.empty((movies, movies), kind, order="F")
    # In blocks, because the complete sparse product takes more memory than the dense one.
    for start in range(0, movies, BLOCK):
        gram[:, start : start + BLOCK] = (transposed @ by_movie[:, start : start + BLOCK]).toarray()
    return gram
