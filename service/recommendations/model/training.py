"""Training: which movies speak for which, in closed form.

EDLAE (Steck, "Autoencoders that don't overfit towards the Identity", NeurIPS 2020): a linear model from a user's
movies to each other movie, whose L2 regularisation grows with a movie's popularity, as dropout of the input would
make it, and that may not explain a movie by itself. With G = X'X, P = (G + diag(r + p / (1 - p) diag(G)))^-1, the
weight from movie i to movie j is -P_ij / P_jj. The strongest of a movie's weights say which others are to speak for it,
and these are fitted again, by the same least squares without the others, which would otherwise be missed. Facets of
movies are rows of X besides the users' (Jeunen et al., "Closed-form models for collaborative filtering with
side-information", RecSys 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from service.recommendations.model.content import Content
from service.recommendations.model.dataset import LEARNED_FACETS, Dataset
from service.recommendations.model.errors import InteractionsMissing, TooManyMovies
from service.recommendations.model.inverse import Inverse, invert
from service.recommendations.model.sparse_weights import Links

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told of a step how much of how much is done."""
BLOCK = 256
LEAST_MOVIES = 2
CONTENT_WEIGHT = 0.002
"""Of a link between movies that are wholly alike, one of which has too few interactions: below what is learned."""
CONTENT_LINKS = 10
"""Of a movie's links, how many are kept for movies of too few interactions, which would speak for nothing otherwise."""
TRUSTED = 20.0
"""Interactions of a movie at which content and interactions say half each of what resembles it."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What is chosen on validation users."""

    regularization: float = 100.0
    dropout: float = 0.33
    """Chance of each movie of a history to be left out, that the regularisation stands for; below 1."""
    facet_weight: float = 1.0
    """Of a facet beside a user's best rating; 0 learns from interactions alone."""
    least_interactions: int = 2
    """Movies with fewer are linked by their content."""
    neighbors: int = 200
    """Links that are kept to a movie: the strongest, whatever their sign."""
    similar: int = 50
    """Similar movies that are kept of a movie."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A model: for each movie what speaks for or against it, and what resembles it; the strongest first."""

    movie_ids: NDArray[np.int32]
    weights: Links
    similar_movies: Links
    learned: int
    """Movies that have interactions enough; the others are linked by content."""


def train(dataset: Dataset, parameters: Hyperparameters, *, most_movies: int, progress: Progress) -> Trained:
    """Trains a model; raises InteractionsMissing, or TooManyMovies beyond `most_movies` with interactions."""
    learned = np.flatnonzero(dataset.counts >= parameters.least_interactions)
    if len(learned) < LEAST_MOVIES:
        raise InteractionsMissing(
            f"{len(learned)} movies have {parameters.least_interactions} favorites or ratings each; a model needs 2"
        )
    if len(learned) > most_movies:
        raise TooManyMovies(
            f"{len(learned)} movies have interactions, and MARQUEE_RECOMMENDATION_MOST_MOVIES is {most_movies}: "
            "raise it if there is memory (8 bytes x movies x movies), or train with Spark: docs/recommendations.md"
        )
    progress("inverting", 0, 1)
    inverse = invert_gram(dataset, parameters, learned)
    progress("inverting", 1, 1)
    rows = list(_Linking(dataset, parameters, learned, inverse).rows(progress))
    weights, similar = Links.from_rows(row[0] for row in rows), Links.from_rows(row[1] for row in rows)
    return Trained(dataset.movie_ids, weights, similar, len(learned))


def invert_gram(dataset: Dataset, parameters: Hyperparameters, learned: NDArray[np.intp]) -> Inverse:
    """Returns P of the movies `learned`."""
    kept = np.isin(dataset.facet_kinds, LEARNED_FACETS) if parameters.facet_weight else np.zeros(0, bool)
    parts = [dataset.interactions]
    if kept.any():
        parts.append(dataset.facets[np.flatnonzero(kept)] * parameters.facet_weight)
    matrix = sparse.csr_array(sparse.vstack(parts, format="csr")[:, learned])
    squares: NDArray[np.float64] = np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel()
    dropout = parameters.dropout / (1 - parameters.dropout)
    return invert(matrix, parameters.regularization + dropout * squares)


class _Linking:
    """Makes each movie's links from the inverse and from content, a block of movies at a time."""

    def __init__(
        self, dataset: Dataset, parameters: Hyperparameters, learned: NDArray[np.intp], inverse: Inverse
    ) -> None:
        self._parameters = parameters
        self._learned = learned
        self._inverse = inverse
        self._content = Content(dataset)
        self._places = np.full(len(dataset.movie_ids), -1)
        self._places[learned] = np.arange(len(learned))
        self._trust = dataset.counts / (dataset.counts + TRUSTED)

    def rows(self, progress: Progress) -> Iterator[tuple[Row, Row]]:
        """Yields each movie's weights and similar movies."""
        total = len(self._places)
        for start in range(0, total, BLOCK):
            places = np.arange(start, min(start + BLOCK, total))
            alike = self._content.rows(places)
            weights, correlations = self._blocks(places, alike)
            similar = self._blended(places, correlations, alike)
            # Matrices this small gain nothing by a second thread, and lose much where it waits for a processor.
            with threadpool_limits(1):
                links = [self._refitted(place, self._kept(row)) for place, row in zip(places, weights, strict=True)]
            yield from zip(links, (strongest(row, self._parameters.similar) for row in similar), strict=True)
            progress("linking", places[-1] + 1, total)

    def _kept(self, weights: NDArray[np.float64]) -> Row:
        """Returns the strongest links, with room for some from movies of too few interactions."""
        few, _ = strongest(np.where(self._places < 0, weights, 0), min(CONTENT_LINKS, self._parameters.neighbors // 2))
        others = weights.copy()
        others[few] = 0
        chosen, _ = strongest(others, self._parameters.neighbors - len(few))
        both = np.zeros_like(weights)
        both[few], both[chosen] = weights[few], weights[chosen]
        return strongest(both, self._parameters.neighbors)

    def _refitted(self, place: np.intp, links: Row) -> Row:
        """Returns a movie's links with those learned from interactions fitted as if there were no others."""
        sources, weights = links
        learned = self._places[sources] >= 0
        if self._places[place] < 0 or not learned.any():
            return links
        order = np.argsort(sources[learned])
        inside = self._places[sources[learned][order]]
        fitted = weights.copy()
        fitted[np.flatnonzero(learned)[order]] = restricted_fit(self._inverse, self._places[place], inside)
        order = np.lexsort((sources, -np.abs(fitted)))
        return sources[order], fitted[order]

    def _blocks(
        self, places: NDArray[np.intp], alike: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Returns the weights of all movies' links to some, a row each of these, and their partial correlations."""
        weights = alike * CONTENT_WEIGHT
        correlations = np.zeros_like(weights)
        known = np.flatnonzero(self._places[places] >= 0)
        if len(known):
            inside = self._places[places[known]]
            # Ascending and without gaps: `learned` is sorted.
            block = self._inverse.rows(slice(inside[0], inside[-1] + 1))
            block[np.arange(len(known)), inside] = 0
            across = np.ix_(known, self._learned)
            diagonal = self._inverse.diagonal
            weights[across] = -block / diagonal[inside, None]
            correlations[across] = -block / np.sqrt(diagonal * diagonal[inside, None])
        return weights, correlations

    def _blended(
        self, places: NDArray[np.intp], correlations: NDArray[np.float64], alike: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Returns similarities from 0 to 1: partial correlations, as shares of the movie's best, and content."""
        positive = np.maximum(correlations, 0)
        best = positive.max(axis=1, keepdims=True)
        trust = self._trust[places][:, None]
        return trust * positive / np.where(best > 0, best, 1) + (1 - trust) * alike


Row: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]


def restricted_fit(inverse: Inverse, movie: int, sources: NDArray[np.intp]) -> NDArray[np.float64]:
    """Returns the weights by which `sources` alone, ascending and without the movie, explain it best."""
    where = int(np.searchsorted(sources, movie))
    gram = inverse.gram(np.insert(sources, where, movie))
    # Above the diagonal alone is anything known.
    wanted = np.concatenate((gram[:where, where], gram[where, where + 1 :]))
    others = np.delete(np.delete(gram, where, 0), where, 1)
    fitted: NDArray[np.float64] = linalg.cho_solve(
        linalg.cho_factor(others, overwrite_a=True, check_finite=False), wanted, overwrite_b=True, check_finite=False
    )
    return fitted


def strongest(values: NDArray[np.float64], count: int) -> Row:
    """Returns the columns and values of the `count` largest by magnitude, none of them 0; of equal ones the first."""
    sizes = np.abs(values)
    kept = np.argpartition(-sizes, count)[:count] if count < len(sizes) else np.arange(len(sizes))
    kept = kept[sizes[kept] > 0]
    kept = kept[np.lexsort((kept, -sizes[kept]))]
    return kept.astype(np.int32), values[kept].astype(np.float32)
