"""The serving copy of a model: compressed sparse arrays in a worker's memory, scored without the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.recommendations.model.links import Links

Ids: TypeAlias = NDArray[np.int32]
Scores: TypeAlias = NDArray[np.float64]


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
    _places: dict[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        places = {int(movie_id): place for place, movie_id in enumerate(self.movie_ids)}
        object.__setattr__(self, "_places", places)

    def score(self, history: Mapping[int, float]) -> tuple[Ids, Scores]:
        """Returns every movie that the model knows with its score, as two arrays of equal length, ascending by id.

        `history` gives each movie its weight, as `interactions.history_weight` does; movies unknown to the model
        are left out. A score ranks within one history and means nothing beside another's: 0 where nothing in it
        speaks for or against a movie. Movies of the history itself are scored, too: leaving them out, with whatever
        else is not wanted, is the caller's.
        """
        places, given = self._known(history)
        links, repeats = self.weights.gather(places)
        amounts = np.repeat(given, repeats) * self.weights.values[links]
        scores: Scores = np.bincount(self.weights.targets[links], amounts, len(self.movie_ids)).astype(np.float64)
        return self.movie_ids, scores

    def reasons(self, history: Mapping[int, float], movie_ids: Sequence[int]) -> list[int | None]:
        """Returns for each movie the one of the history that speaks for it most; None where none does.

        A movie of negative weight is no reason, whatever it contributes: "because you disliked" is none.
        """
        places, given = self._known({movie_id: weight for movie_id, weight in history.items() if weight > 0})
        wanted = np.full(len(self.movie_ids), -1)
        asked = [(number, place) for number, i in enumerate(movie_ids) if (place := self._places.get(i)) is not None]
        for number, place in asked:
            wanted[place] = number
        links, repeats = self.weights.gather(places)
        amounts = np.repeat(given, repeats) * self.weights.values[links]
        sources = np.repeat(places, repeats)
        numbers = wanted[self.weights.targets[links]]
        found: list[int | None] = [None] * len(movie_ids)
        kept = np.flatnonzero((numbers >= 0) & (amounts > 0))
        # Ascending, so that the strongest is what stays; of equal ones the movie of the lower id.
        for link in kept[np.lexsort((-sources[kept], amounts[kept]))]:
            found[numbers[link]] = int(self.movie_ids[sources[link]])
        return [found[wanted[self._places[i]]] if i in self._places else None for i in movie_ids]

    def similar(self, movie_id: int, limit: int) -> list[tuple[int, float]]:
        """Returns up to `limit` movies with their similarity above 0 and at most 1, the most similar first.

        Empty for a movie that is unknown to the model.
        """
        place = self._places.get(movie_id)
        if place is None:
            return []
        start, end = self.similar_movies.starts[place : place + 2]
        end = min(end, start + limit)
        ids = self.movie_ids[self.similar_movies.targets[start:end]]
        return list(zip(ids.tolist(), self.similar_movies.values[start:end].tolist(), strict=True))

    def __contains__(self, movie_id: object) -> bool:
        """Tells whether the model knows a movie."""
        return movie_id in self._places

    @property
    def size_bytes(self) -> int:
        """Bytes of its arrays."""
        return self.movie_ids.nbytes + self.weights.nbytes + self.similar_movies.nbytes

    def _known(self, history: Mapping[int, float]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        known = [(place, weight) for i, weight in history.items() if (place := self._places.get(i)) is not None]
        places = np.fromiter((place for place, _ in known), np.intp, len(known))
        return places, np.fromiter((weight for _, weight in known), np.float32, len(known))
