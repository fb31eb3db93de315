"""Training data: interactions of users with movies, and facets that movies have in common."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Matrix: TypeAlias = "sparse.csr_array[np.float64]"
MAX_RATING = 5


class FacetKind(enum.IntEnum):
    """Kind of a property that movies share."""

    GENRE = 0
    DECADE = 1
    PERSON = 2


# Nearly every movie has a genre and a decade. There are too many people to learn from.
LEARNED_FACETS = (FacetKind.GENRE, FacetKind.DECADE)


def history_weight(*, rating: float | None = None, is_favorite: bool = False) -> float:
    """Returns the weight of a movie in a user's history, in training and serving: 1 for a favorite, else rating / 5.

    A low rating has a small positive weight: a user who rates a horror film 2 does watch horror films. On held-out
    users this ranks as well as leaving low ratings out or giving them negative weights, and mostly a little better.
    """
    return max(1.0 if is_favorite else 0.0, (rating or 0.0) / MAX_RATING)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions and facets as sparse matrices with one column for each movie."""

    movie_ids: NDArray[np.int32]
    """Movies of the columns, ascending."""
    interactions: Matrix
    """One row for each user; the values are those of `history_weight`."""
    facets: Matrix
    """One row for each facet; 1 for a movie that has it."""
    facet_kinds: NDArray[np.int32]
    """FacetKind of each row of `facets`."""

    @classmethod
    def build(
        cls,
        movie_ids: NDArray[np.int32],
        *,
        interactions: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]],
        facets: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    ) -> Dataset:
        """Returns the dataset of (users, movies, weights) and (facet kinds, facet numbers, movies).

        All movies must be in `movie_ids`.
        """
        users, movies, weights = interactions
        user_rows, _ = _row_numbers(users)
        kinds, numbers, facet_movies = facets
        facet_rows, first_entries = _row_numbers(kinds.astype(np.int64) << 32 | numbers)
        return cls(
            movie_ids,
            _matrix(user_rows, np.searchsorted(movie_ids, movies), weights.astype(np.float64), len(movie_ids)),
            _matrix(facet_rows, np.searchsorted(movie_ids, facet_movies), np.ones(len(facet_movies)), len(movie_ids)),
            kinds[first_entries],
        )

    @property
    def interaction_counts(self) -> NDArray[np.intp]:
        """Number of interactions of each movie."""
        return np.bincount(self.interactions.indices, minlength=len(self.movie_ids))


def _row_numbers(keys: NDArray[np.signedinteger]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns the row number of each key, and the index of the first key of each row."""
    _, first_entries, rows = np.unique(keys, return_index=True, return_inverse=True)
    return rows, first_entries


def _matrix(rows: NDArray[np.intp], columns: NDArray[np.intp], values: NDArray[np.float64], width: int) -> Matrix:
    height = int(rows.max()) + 1 if len(rows) else 0
    return sparse.csr_array((values, (rows, columns)), shape=(height, width))
