"""The serving copy of a model: compressed sparse arrays in a worker's memory, scored without the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from service.recommendations.model.sparse_weights import Links, find

Ids: TypeAlias = NDArray[np.int32]
Scores: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = "sparse.csr_array[np.float32]"


@dataclass(frozen=True, eq=False)
class ServingModel:
    """One version of the model; nothing of it changes, so that any task may read it at any time."""

    version: int
    """Id of the row in recommendation_models."""
    movie_ids: Ids
    """The movies that it knows, ascending; a place in it is a row or column of the rest."""
    weights: Links
    """From a movie of a history to the movies that it speaks for, or, with a negative weight, against."""
    similar_movies: Links
    """From a movie to those that resemble it, the most similar first."""
    _matrix: Matrix = field(init=False, repr=False)
    """The arrays of `weights`, as SciPy takes them."""

    def __post_init__(self) -> None:
        size = len(self.movie_ids)
        links = self.weights
        matrix: Matrix = sparse.csr_array((links.values, links.targets, links.starts), shape=(size, size))
        object.__setattr__(self, "_matrix", matrix)

    def voices(self, history: Mapping[int, float]) -> Voices:
        """Returns what the movies of a history say; those unknown to the model are left out.

        `history` gives each movie its weight, as `dataset.history_weight` does.
        """
        ids = np.fromiter(history, np.int64, len(history))
        places, known = find(self.movie_ids, ids)
        weights = np.fromiter(history.values(), np.float32, len(history))[known]
        return Voices(self.movie_ids, len(history), places[known], weights, self._matrix[places[known]])

    def similar(self, movie_id: int, limit: int) -> list[tuple[int, float]]:
        """Returns up to `limit` movies with their similarity above 0 and at most 1, the most similar first.

        Empty for a movie that is unknown to the model.
        """
        (place,), (known,) = find(self.movie_ids, np.array([movie_id]))
        if not known:
            return []
        start, end = self.similar_movies.starts[place : place + 2]
        end = min(end, start + limit)
        ids = self.movie_ids[self.similar_movies.targets[start:end]]
        return list(zip(ids.tolist(), self.similar_movies.values[start:end].tolist(), strict=True))

    @property
    def size_bytes(self) -> int:
        """Bytes of its arrays."""
        return self.movie_ids.nbytes + self.weights.nbytes + self.similar_movies.nbytes


@dataclass(frozen=True, eq=False)
class Voices:
    """What each movie of a history says of all movies: gathered once, for scores and reasons alike."""

    movie_ids: Ids
    """All movies that the model knows, ascending; a place is an index of it."""
    asked: int
    """How many movies the history has, unknown ones included."""
    places: NDArray[np.intp]
    """Of those that are known."""
    given: Scores
    """The weight of each."""
    links: Matrix
    """A row for each."""

    def scores(self) -> Scores:
        """Returns the score of every movie that the model knows, by place.

        A score ranks within one history and means nothing beside another's: 0 where nothing in it speaks for or
        against a movie. Movies of the history itself are scored, too: leaving them out, with whatever else is not
        wanted, is the caller's.
        """
        scores: Scores = self.links.T @ self.given
        return scores

    def reasons(self, movie_ids: Sequence[int], *, least: float) -> list[int | None]:
        """Returns for each movie the one of the history that speaks for it most; None where none does.

        Only movies that weigh at least `least`, above 0, are reasons: "because you disliked" is none.
        """
        wanted, known = find(self.movie_ids, np.array(movie_ids, np.int64))
        asked = np.zeros(len(self.movie_ids), bool)
        asked[wanted[known]] = True
        kept = np.flatnonzero(asked.take(self.links.indices))
        sources = np.searchsorted(self.links.indptr, kept, side="right") - 1
        amounts = self.links.data[kept] * self.given[sources]
        speaking = np.flatnonzero((amounts > 0) & (self.given[sources] >= least))
        # Ascending, so that the strongest is what stays; of equal ones the movie of the lower id.
        order = speaking[np.lexsort((-self.places[sources[speaking]], amounts[speaking]))]
        strongest = self.movie_ids[self.places[sources[order]]]
        found = dict(zip(self.links.indices[kept[order]].tolist(), strongest.tolist(), strict=True))
        return [found.get(place) if here else None for place, here in zip(wanted.tolist(), known.tolist(), strict=True)]
