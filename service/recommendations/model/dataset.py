"""What a model learns from: who liked which movie how much, and what movies have in common."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Matrix: TypeAlias = "sparse.csr_array[np.float64]"
BEST_RATING = 5


class FacetKind(enum.IntEnum):
    """What movies may have in common."""

    GENRE = 0
    DECADE = 1
    PERSON = 2


# The few that nearly every movie has; people are too many to steer what a model learns.
LEARNED_FACETS = (FacetKind.GENRE, FacetKind.DECADE)


def history_weight(*, rating: float | None = None, is_favorite: bool = False) -> float:
    """Returns what a movie of a history weighs, in training and serving alike: 1 for a favorite, else rating / 5.

    A low rating speaks for a movie's like, too, only less: who rates a horror film 2 watches horror films. On held-out
    users that ranks no worse than leaving low ratings out, or weighing them negatively, and mostly a little better.
    """
    return max(1.0 if is_favorite else 0.0, (rating or 0.0) / BEST_RATING)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions and facets of movies, as sparse matrices with a column a movie."""

    movie_ids: NDArray[np.int32]
    """Of the columns, ascending."""
    interactions: Matrix
    """A row a user; what `history_weight` says of a movie."""
    facets: Matrix
    """A row a facet; 1 for a movie that has it."""
    facet_kinds: NDArray[np.int32]
    """Of the rows of `facets`."""

    @classmethod
    def build(
        cls,
        movie_ids: NDArray[np.int32],
        *,
        interactions: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]],
        facets: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    ) -> Dataset:
        """Puts users, movies and weights, and kinds, numbers and movies, together; ids among `movie_ids` alone."""
        users, movies, weights = interactions
        rows, _ = _numbered(users)
        kinds, numbers, having = facets
        facet_rows, firsts = _numbered(kinds.astype(np.int64) << 32 | numbers)
        return cls(
            movie_ids,
            _matrix(rows, np.searchsorted(movie_ids, movies), weights.astype(np.float64), len(movie_ids)),
            _matrix(facet_rows, np.searchsorted(movie_ids, having), np.ones(len(having)), len(movie_ids)),
            kinds[firsts],
        )

    @property
    def counts(self) -> NDArray[np.intp]:
        """How many interactions each movie has."""
        return np.bincount(self.interactions.indices, minlength=len(self.movie_ids))


def _numbered(keys: NDArray[np.signedinteger]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns a row number for each key, and for each row where its key comes first."""
    _, firsts, rows = np.unique(keys, return_index=True, return_inverse=True)
    return rows, firsts


def _matrix(rows: NDArray[np.intp], columns: NDArray[np.intp], values: NDArray[np.float64], width: int) -> Matrix:
    height = int(rows.max()) + 1 if len(rows) else 0
    return sparse.csr_array((values, (rows, columns)), shape=(height, width))
