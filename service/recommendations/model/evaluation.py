"""Evaluation: ranking quality of the model and of simpler methods on users that are held out of the training.

For each seed, the users are split: a fifth for testing, a fifth for validation, the rest for training. The history of
a held-out user is four fifths of the positives (ratings of 4 and up). The methods rank all movies but the positives of
the history, and should rank the other positives first. A method with several hyperparameters uses those that do best
on the validation users, who then join the training. The test users are used once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from service.recommendations.errors import InteractionsMissing
from service.recommendations.model.dataset import MAX_RATING, Dataset, Matrix
from service.recommendations.model.scoring import ServingModel
from service.recommendations.model.training import BLOCK, Hyperparameters, invert_gram, train

POSITIVE = 4.0
HELD_OUT = 0.2
HISTORY = 0.8
LEAST_POSITIVES = 5
"""Number of positives that a held-out user needs."""
LEAST_USERS = 10
LONGEST = 100
COVERAGE_LENGTH = 20
REGULARIZATIONS = (50.0, 100.0, 200.0)
DROPOUTS = (0.2, 0.33, 0.5)
Floats = NDArray[np.float64]
P = TypeVar("P")


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings of movies by users, above 0 to 5 stars, and the facets of the movies."""

    movie_ids: NDArray[np.int32]
    stars: Matrix
    """One row for each user, one column for each movie."""
    facets: Matrix
    facet_kinds: NDArray[np.int32]

    @property
    def positives(self) -> Matrix:
        """1 for each movie that a user liked."""
        return _where(self.stars, self.stars.data >= POSITIVE, ones=True)

    def dataset(self, weights: Matrix) -> Dataset:
        """Returns a dataset with these weights as interactions."""
        return Dataset(self.movie_ids, weights, self.facets, self.facet_kinds)

    def of_users(self, users: NDArray[np.intp]) -> Ratings:
        """Returns the ratings of some users."""
        return Ratings(self.movie_ids, sparse.csr_array(self.stars[users]), self.facets, self.facet_kinds)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Histories of held-out users, and the movies that a method should find for them."""

    known: Matrix
    """Stars of the history: four fifths of the positives, and all lower ratings."""
    targets: Sequence[NDArray[np.intp]]
    """Positives outside the history of each user."""

    @property
    def known_positives(self) -> Matrix:
        """1 for each positive of the history."""
        return _where(self.known, self.known.data >= POSITIVE, ones=True)


class Metrics(NamedTuple):
    """Means over the held-out users; coverage is the share of all movies that are in the first 20 of any user."""

    ndcg_10: float
    recall_20: float
    ndcg_100: float
    coverage: float


@dataclass(frozen=True)
class Method(Generic[P]):
    """Ranking method with the hyperparameters to choose from."""

    name: str
    grid: Sequence[P]
    rank: Callable[[P, Ratings, HeldOut], Floats]
    """Trains on the ratings and returns the scores of all movies, one row for each held-out user."""


class Outcome(NamedTuple):
    """Result of a method on the test users of one seed."""

    metrics: Metrics
    parameters: Any
    """The hyperparameters that were chosen."""


def compare(
    ratings: Ratings, methods: Sequence[Method[Any]], *, seeds: Sequence[int], progress: Callable[[int, int], None]
) -> Mapping[str, list[Outcome]]:
    """Returns the outcomes of each method, one for each seed; raises InteractionsMissing with too few users."""
    outcomes: dict[str, list[Outcome]] = {method.name: [] for method in methods}
    for number, seed in enumerate(seeds):
        random = np.random.default_rng(seed)
        train_users, validation, test = split_users(ratings, random)
        tuning = ratings.of_users(train_users), hold_out(ratings, validation, random)
        testing = ratings.of_users(np.sort(np.concatenate((train_users, validation)))), hold_out(ratings, test, random)
        for index, method in enumerate(methods):
            outcomes[method.name].append(_outcome(method, tuning, testing))
            progress(number * len(methods) + index + 1, len(seeds) * len(methods))
    return outcomes


def split_users(
    ratings: Ratings, random: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Returns the users for training, validation and testing; users with few positives are for training."""
    positives = np.diff(ratings.positives.indptr)
    eligible = random.permutation(np.flatnonzero(positives >= LEAST_POSITIVES))
    count = int(len(eligible) * HELD_OUT)
    if len(eligible) < LEAST_USERS:
        raise InteractionsMissing(
            f"{len(eligible)} users have {LEAST_POSITIVES} ratings of {POSITIVE:g} and up; {LEAST_USERS} are needed"
        )
    held_out = eligible[: 2 * count]
    return np.setdiff1d(np.arange(len(positives)), held_out), np.sort(held_out[count:]), np.sort(held_out[:count])


def hold_out(ratings: Ratings, users: NDArray[np.intp], random: np.random.Generator) -> HeldOut:
    """Returns these users as held-out users; their positives are split at random."""
    known = sparse.csr_array(ratings.stars[users])
    targets = []
    hidden = np.zeros(known.nnz, bool)
    for row in range(len(users)):
        start, end = known.indptr[row], known.indptr[row + 1]
        liked = random.permutation(start + np.flatnonzero(known.data[start:end] >= POSITIVE))
        rest = liked[min(round(HISTORY * len(liked)), len(liked) - 1) :]
        hidden[rest] = True
        targets.append(known.indices[rest].astype(np.intp))
    return HeldOut(_where(known, ~hidden), targets)


def measure(scores: Floats, held_out: HeldOut) -> Metrics:
    """Returns the metrics of scores. A recall of 1 means that as many targets as possible are in the first 20."""
    gains = 1 / np.log2(np.arange(2, LONGEST + 2))
    ideal = np.cumsum(gains)
    known = held_out.known_positives
    per_user = []
    covered: set[int] = set()
    for row, targets in enumerate(held_out.targets):
        candidates = scores[row].copy()
        candidates[known.indices[known.indptr[row] : known.indptr[row + 1]]] = -np.inf
        first = best(candidates, LONGEST)
        hits = np.isin(first, targets)
        per_user.append(
            (
                (hits * gains[: len(hits)])[:10].sum() / ideal[min(10, len(targets)) - 1],
                hits[:COVERAGE_LENGTH].sum() / min(COVERAGE_LENGTH, len(targets)),
                (hits * gains[: len(hits)]).sum() / ideal[min(LONGEST, len(targets)) - 1],
            )
        )
        covered.update(first[:COVERAGE_LENGTH].tolist())
    ndcg_10, recall_20, ndcg_100 = np.mean(per_user, axis=0).tolist()
    return Metrics(ndcg_10, recall_20, ndcg_100, len(covered) / scores.shape[1])


def best(scores: Floats, count: int) -> NDArray[np.intp]:
    """Returns the columns of the highest scores, the highest first, of equal ones the first."""
    order: NDArray[np.intp] = np.argsort(-scores, kind="stable")
    return order[:count]


def baselines() -> Sequence[Method[Any]]:
    """Returns simple methods that the model should outperform."""
    return (
        Method("popularity", [None], _popularity),
        Method("item-kNN", [50, 100, 200, 400], _item_neighbors),
    )


def edlae() -> Method[Hyperparameters]:
    """Returns EDLAE as published: positives with equal weights, no facets, and all weights of the model."""
    grid = [
        replace(Hyperparameters(), regularization=regularization, dropout=dropout, facet_weight=0.0)
        for regularization in REGULARIZATIONS
        for dropout in DROPOUTS
    ]
    return Method("EDLAE", grid, _edlae)


def marquee(*, most_movies: int) -> Method[Hyperparameters]:
    """Returns the model with its default hyperparameters, scored as a worker does it."""

    def rank(parameters: Hyperparameters, ratings: Ratings, held_out: HeldOut) -> Floats:
        dataset = ratings.dataset(history_weights(ratings.stars))
        trained = train(dataset, parameters, most_movies=most_movies, progress=lambda *_: None)
        weights = trained.weights.transposed(len(trained.movie_ids))
        model = ServingModel(0, trained.movie_ids, weights, trained.similar_movies)
        known = history_weights(held_out.known)
        return np.stack([model.contributions(_history(model, known, row)).scores() for row in range(known.shape[0])])

    return Method("Marquee", [Hyperparameters()], rank)


def history_weights(stars: Matrix) -> Matrix:
    """Returns the `history_weight` of each rating."""
    weights = stars.copy()
    weights.data = stars.data / MAX_RATING
    return weights


def _outcome(method: Method[P], tuning: tuple[Ratings, HeldOut], testing: tuple[Ratings, HeldOut]) -> Outcome:
    parameters = method.grid[0]
    if len(method.grid) > 1:
        parameters = max(method.grid, key=lambda each: measure(method.rank(each, *tuning), tuning[1]).ndcg_100)
    return Outcome(measure(method.rank(parameters, *testing), testing[1]), parameters)


def _popularity(_: None, ratings: Ratings, held_out: HeldOut) -> Floats:
    counts: Floats = np.asarray(ratings.positives.sum(axis=0)).ravel()
    return np.tile(counts, (len(held_out.targets), 1))


def _item_neighbors(count: int, ratings: Ratings, held_out: HeldOut) -> Floats:
    liked_movies = np.flatnonzero(ratings.positives.sum(axis=0))
    liked = sparse.csr_array(ratings.positives[:, liked_movies])
    lengths = np.sqrt(np.asarray(liked.sum(axis=0)).ravel())
    scaled = liked @ sparse.diags_array(1 / np.where(lengths > 0, lengths, 1))
    cosines = (scaled.T @ scaled).toarray()
    np.fill_diagonal(cosines, 0)
    neighbors = min(count, len(liked_movies))
    least = np.partition(cosines, -neighbors, axis=1)[:, -neighbors, None]
    scores = np.zeros((len(held_out.targets), len(ratings.movie_ids)))
    scores[:, liked_movies] = held_out.known_positives[:, liked_movies] @ np.where(cosines >= least, cosines, 0)
    return scores


def _edlae(parameters: Hyperparameters, ratings: Ratings, held_out: HeldOut) -> Floats:
    dataset, known = ratings.dataset(ratings.positives), held_out.known_positives
    learned = np.flatnonzero(dataset.interaction_counts >= parameters.least_interactions)
    inverse = invert_gram(dataset, parameters, learned)
    history = sparse.csr_array(known[:, learned])
    product = np.zeros(history.shape)
    for start in range(0, len(learned), BLOCK):
        part = slice(start, min(start + BLOCK, len(learned)))
        product += np.asarray(history[:, part] @ inverse.rows(part))
    scores = np.zeros(known.shape)
    scores[:, learned] = history.toarray() - product / inverse.diagonal
    return scores


def _history(model: ServingModel, known: Matrix, row: int) -> dict[int, float]:
    part = slice(known.indptr[row], known.indptr[row + 1])
    return dict(zip(model.movie_ids[known.indices[part]].tolist(), known.data[part].tolist(), strict=True))


def _where(matrix: Matrix, selected: NDArray[np.bool_], *, ones: bool = False) -> Matrix:
    """Returns the selected values of a matrix, or 1 in their place."""
    copy = matrix.copy()
    copy.data = np.where(selected, 1.0 if ones else matrix.data, 0.0)
    copy.eliminate_zeros()
    return copy
