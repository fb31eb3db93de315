"""Training of the model in closed form.

The model is EDLAE (Steck, "Autoencoders that don't overfit towards the Identity", NeurIPS 2020). It is linear: a
weight from each movie of a user to each other movie. A movie may not explain itself. The L2 regularisation of a movie
grows with its popularity, which has the effect of dropout on the input. With G = X'X and
P = (G + diag(r + p / (1 - p) diag(G)))^-1, the weight from movie i to movie j is -P_ij / P_jj.

Only the strongest weights to a movie stay. They are fitted again, by the same least squares without the other movies,
because otherwise the dropped weights are missing. The facets of movies are additional rows of X below those of the
users (Jeunen et al., "Closed-form models for collaborative filtering with side-information", RecSys 2020). Movies with
too few interactions get weights by content: the facets that they share with other movies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from service.recommendations.errors import InteractionsMissing, TooManyMovies
from service.recommendations.model.dataset import LEARNED_FACETS, Dataset, Matrix
from service.recommendations.model.inverse import Inverse, invert
from service.recommendations.model.scoring import SparseWeights, WeightRow

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of a step, the part that is done and the whole."""
Floats: TypeAlias = NDArray[np.float64]
BLOCK = 256
LEAST_MOVIES = 2
CONTENT_WEIGHT = 0.002
"""Weight between two movies of equal content if one has too few interactions; it is below the learned weights."""
CONTENT_LINKS = 10
"""Number of weights to a movie that are reserved for movies with too few interactions, which would have none."""
HALF_TRUST = 20.0
"""Number of interactions of a movie at which content and interactions count half each for its similar movies."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Hyperparameters of the training; the defaults were chosen on validation users."""

    regularization: float = 100.0
    dropout: float = 0.33
    """Probability, below 1, that a movie of a history is left out; the regularisation has the same effect."""
    facet_weight: float = 1.0
    """Weight of a facet relative to a user's best rating; 0 learns from interactions only."""
    least_interactions: int = 2
    """A movie with fewer gets weights by content."""
    neighbors: int = 200
    """Number of weights to a movie that stay: the largest by magnitude."""
    similar: int = 50
    """Number of similar movies that are stored with a movie."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """Result of a training; the entries of a row are in descending order of magnitude."""

    movie_ids: NDArray[np.int32]
    weights: SparseWeights
    """To a movie (row) from the movies that speak for or against it."""
    similar_movies: SparseWeights
    """From a movie (row) to similar ones."""
    learned_movies: int
    """Number of movies with enough interactions; the others have weights by content."""


def train(dataset: Dataset, parameters: Hyperparameters, *, most_movies: int, progress: Progress) -> TrainedModel:
    """Returns a trained model.

    Raises InteractionsMissing with fewer than two movies to learn from, TooManyMovies with more than `most_movies`.
    """
    learned = np.flatnonzero(dataset.interaction_counts >= parameters.least_interactions)
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
    rows = list(_RowBuilder(dataset, parameters, learned, inverse).rows(progress))
    weights = SparseWeights.from_rows(row[0] for row in rows)
    return TrainedModel(dataset.movie_ids, weights, SparseWeights.from_rows(row[1] for row in rows), len(learned))


def invert_gram(dataset: Dataset, parameters: Hyperparameters, learned: NDArray[np.intp]) -> Inverse:
    """Returns P of the movies at the positions `learned`."""
    is_learned = np.isin(dataset.facet_kinds, LEARNED_FACETS) if parameters.facet_weight else np.zeros(0, bool)
    parts = [dataset.interactions]
    if is_learned.any():
        parts.append(dataset.facets[np.flatnonzero(is_learned)] * parameters.facet_weight)
    matrix = sparse.csr_array(sparse.vstack(parts, format="csr")[:, learned])
    squares: Floats = np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel()
    dropout = parameters.dropout / (1 - parameters.dropout)
    return invert(matrix, parameters.regularization + dropout * squares)


class ContentSimilarity:
    """Cosine similarity of the facets of movies. The weight of a facet is the logarithm of its rarity."""

    def __init__(self, dataset: Dataset) -> None:
        movies_of_facet: Floats = np.asarray(dataset.facets.sum(axis=1)).ravel()
        rarity = np.log((1 + len(dataset.movie_ids)) / (1 + movies_of_facet))
        weighted = sparse.csr_array(dataset.facets.multiply(rarity[:, None]))
        lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel())
        self._columns: Matrix = sparse.csr_array(weighted.multiply(1 / np.where(lengths > 0, lengths, 1)))
        self._rows: Matrix = sparse.csr_array(self._columns.T)

    def rows(self, positions: NDArray[np.intp]) -> Floats:
        """Returns the similarities of some movies (rows) to all movies: from 0 to 1, and 0 to the movie itself."""
        block: Floats = (self._rows[positions] @ self._columns).toarray()
        block[np.arange(len(positions)), positions] = 0
        return np.minimum(block, 1, out=block)


class _RowBuilder:
    """Computes the weights to each movie and its similar movies, for a block of movies at a time.

    A position is an index into all movies, a learned position one into the movies with enough interactions.
    """

    def __init__(
        self, dataset: Dataset, parameters: Hyperparameters, learned: NDArray[np.intp], inverse: Inverse
    ) -> None:
        self._parameters = parameters
        self._learned = learned
        self._inverse = inverse
        self._content = ContentSimilarity(dataset)
        self._learned_positions = np.full(len(dataset.movie_ids), -1)
        self._learned_positions[learned] = np.arange(len(learned))
        self._trust = dataset.interaction_counts / (dataset.interaction_counts + HALF_TRUST)

    def rows(self, progress: Progress) -> Iterator[tuple[WeightRow, WeightRow]]:
        """Yields the weights and the similar movies of each movie."""
        total = len(self._learned_positions)
        for start in range(0, total, BLOCK):
            positions = np.arange(start, min(start + BLOCK, total))
            content = self._content.rows(positions)
            weights, correlations = self._learned_blocks(positions, content)
            similarities = self._similarities(positions, correlations, content)
            # A second thread does not speed up matrices this small, and it is slow if it waits for a processor.
            with threadpool_limits(1):
                refitted = [
                    self._refit(position, self._select(row)) for position, row in zip(positions, weights, strict=True)
                ]
            similar = (strongest(row, self._parameters.similar) for row in similarities)
            yield from zip(refitted, similar, strict=True)
            progress("linking", positions[-1] + 1, total)

    def _select(self, weights: Floats) -> WeightRow:
        """Returns the strongest weights to a movie, with a share for movies that have too few interactions."""
        not_learned = np.where(self._learned_positions < 0, weights, 0)
        by_content, _ = strongest(not_learned, min(CONTENT_LINKS, self._parameters.neighbors // 2))
        others = weights.copy()
        others[by_content] = 0
        selected, _ = strongest(others, self._parameters.neighbors - len(by_content))
        both = np.zeros_like(weights)
        both[by_content], both[selected] = weights[by_content], weights[selected]
        return strongest(both, self._parameters.neighbors)

    def _refit(self, position: np.intp, row: WeightRow) -> WeightRow:
        """Returns the weights to a movie; those of learned movies are fitted again, without all other movies."""
        sources, weights = row
        is_learned = self._learned_positions[sources] >= 0
        if self._learned_positions[position] < 0 or not is_learned.any():
            return row
        order = np.argsort(sources[is_learned])
        learned_sources = self._learned_positions[sources[is_learned][order]]
        fitted = weights.copy()
        fitted[np.flatnonzero(is_learned)[order]] = restricted_fit(
            self._inverse, self._learned_positions[position], learned_sources
        )
        order = np.lexsort((sources, -np.abs(fitted)))
        return sources[order], fitted[order]

    def _learned_blocks(self, positions: NDArray[np.intp], content: Floats) -> tuple[Floats, Floats]:
        """Returns the weights from all movies to some movies (rows), and their partial correlations."""
        weights = content * CONTENT_WEIGHT
        correlations = np.zeros_like(weights)
        rows = np.flatnonzero(self._learned_positions[positions] >= 0)
        if len(rows):
            targets = self._learned_positions[positions[rows]]
            # The targets are consecutive, because `learned` is sorted.
            block = self._inverse.rows(slice(targets[0], targets[-1] + 1))
            block[np.arange(len(rows)), targets] = 0
            learned_part = np.ix_(rows, self._learned)
            diagonal = self._inverse.diagonal
            weights[learned_part] = -block / diagonal[targets, None]
            correlations[learned_part] = -block / np.sqrt(diagonal * diagonal[targets, None])
        return weights, correlations

    def _similarities(self, positions: NDArray[np.intp], correlations: Floats, content: Floats) -> Floats:
        """Returns similarities from 0 to 1: partial correlations, divided by the largest of a movie, and content."""
        positive = np.maximum(correlations, 0)
        largest = positive.max(axis=1, keepdims=True)
        trust = self._trust[positions][:, None]
        return trust * positive / np.where(largest > 0, largest, 1) + (1 - trust) * content


def restricted_fit(inverse: Inverse, movie: int, sources: NDArray[np.intp]) -> Floats:
    """Returns the least-squares weights from the sources to a movie.

    The sources are ascending learned positions without the movie.
    """
    index = int(np.searchsorted(sources, movie))
    gram = inverse.gram(np.insert(sources, index, movie))
    # The part below the diagonal is undefined.
    target = np.concatenate((gram[:index, index], gram[index, index + 1 :]))
    others = np.delete(np.delete(gram, index, 0), index, 1)
    fitted: Floats = linalg.cho_solve(
        linalg.cho_factor(others, overwrite_a=True, check_finite=False), target, overwrite_b=True, check_finite=False
    )
    return fitted


def strongest(values: Floats, count: int) -> WeightRow:
    """Returns the columns and values of the `count` largest magnitudes above 0, of equal ones the first."""
    magnitudes = np.abs(values)
    columns = np.argpartition(-magnitudes, count)[:count] if count < len(magnitudes) else np.arange(len(magnitudes))
    columns = columns[magnitudes[columns] > 0]
    columns = columns[np.lexsort((columns, -magnitudes[columns]))]
    return columns.astype(np.int32), values[columns].astype(np.float32)
