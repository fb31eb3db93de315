"""How well methods rank what held-out users liked besides: splits, metrics, and the choice of hyper-parameters.

The users are parted anew for each seed: a fifth to test, a fifth to validate. Of a held-out user four fifths of the
positives (ratings of 4 and up) are the history, and the rest is to be ranked among all movies but the history's
positives. Of a method with a grid those hyper-parameters are taken that do best on the validation users, who then join
the training; the test users are looked at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from service.recommendations.model.dataset import Dataset, Matrix
from service.recommendations.model.errors import InteractionsMissing

POSITIVE = 4.0
HELD_OUT = 0.2
HISTORY = 0.8
LEAST_POSITIVES = 5
"""Of a user who may be held out."""
LEAST_USERS = 10
LONGEST = 100
COVERED = 20
Floats = NDArray[np.float64]
P = TypeVar("P")


@dataclass(frozen=True, eq=False)
class Ratings:
    """Stars, from more than 0 to 5, that users gave movies, and the movies' facets."""

    movie_ids: NDArray[np.int32]
    stars: Matrix
    """A row a user, a column a movie."""
    facets: Matrix
    facet_kinds: NDArray[np.int32]

    @property
    def positives(self) -> Matrix:
        """1 where a user liked a movie."""
        return _where(self.stars, self.stars.data >= POSITIVE, ones=True)

    def dataset(self, weights: Matrix) -> Dataset:
        """Returns what a model learns from, of these weights."""
        return Dataset(self.movie_ids, weights, self.facets, self.facet_kinds)

    def of_users(self, users: NDArray[np.intp]) -> Ratings:
        """Returns some users' ratings."""
        return Ratings(self.movie_ids, sparse.csr_array(self.stars[users]), self.facets, self.facet_kinds)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out users: what is known of them, and what is to be found."""

    known: Matrix
    """Stars of the history: four fifths of the positives, and whatever was rated below."""
    targets: Sequence[NDArray[np.intp]]

    @property
    def known_positives(self) -> Matrix:
        """1 for the history's positives."""
        return _where(self.known, self.known.data >= POSITIVE, ones=True)


class Metrics(NamedTuple):
    """Means over the held-out users; coverage is the share of all movies that are among anyone's first 20."""

    ndcg_10: float
    recall_20: float
    ndcg_100: float
    coverage: float


@dataclass(frozen=True)
class Method(Generic[P]):
    """Something that ranks: hyper-parameters to choose from, and what scores movies for held-out users."""

    name: str
    grid: Sequence[P]
    rank: Callable[[P, Ratings, HeldOut], Floats]
    """Learns from ratings; returns scores, a row a held-out user."""


class Outcome(NamedTuple):
    """One method's result on one seed's test users."""

    metrics: Metrics
    chosen: Any


def compare(
    ratings: Ratings, methods: Sequence[Method[Any]], *, seeds: Sequence[int], progress: Callable[[int, int], None]
) -> Mapping[str, list[Outcome]]:
    """Returns each method's outcome for each seed; raises InteractionsMissing with too few users to hold out."""
    outcomes: dict[str, list[Outcome]] = {method.name: [] for method in methods}
    for number, seed in enumerate(seeds):
        random = np.random.default_rng(seed)
        train, validation, test = part_users(ratings, random)
        tuning = ratings.of_users(train), hold_out(ratings, validation, random)
        testing = ratings.of_users(np.sort(np.concatenate((train, validation)))), hold_out(ratings, test, random)
        for place, method in enumerate(methods):
            outcomes[method.name].append(_outcome(method, tuning, testing))
            progress(number * len(methods) + place + 1, len(seeds) * len(methods))
    return outcomes


def _outcome(method: Method[P], tuning: tuple[Ratings, HeldOut], testing: tuple[Ratings, HeldOut]) -> Outcome:
    chosen = method.grid[0]
    if len(method.grid) > 1:
        chosen = max(method.grid, key=lambda each: measure(method.rank(each, *tuning), tuning[1]).ndcg_100)
    return Outcome(measure(method.rank(chosen, *testing), testing[1]), chosen)


def part_users(
    ratings: Ratings, random: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Returns the users to train with, to validate and to test; users of few positives only train."""
    positives = np.diff(ratings.positives.indptr)
    fit = random.permutation(np.flatnonzero(positives >= LEAST_POSITIVES))
    count = int(len(fit) * HELD_OUT)
    if len(fit) < LEAST_USERS:
        raise InteractionsMissing(
            f"{len(fit)} users have {LEAST_POSITIVES} ratings of {POSITIVE:g} and up; {LEAST_USERS} are needed"
        )
    held = fit[: 2 * count]
    return np.setdiff1d(np.arange(len(positives)), held), np.sort(held[count:]), np.sort(held[:count])


def hold_out(ratings: Ratings, users: NDArray[np.intp], random: np.random.Generator) -> HeldOut:
    """Parts what users liked into what is known and what is to be found."""
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
    """Returns the metrics of scores; recall is of as many targets as there is room for."""
    gains = 1 / np.log2(np.arange(2, LONGEST + 2))
    ideal = np.cumsum(gains)
    known = held_out.known_positives
    found = []
    covered: set[int] = set()
    for row, targets in enumerate(held_out.targets):
        own = scores[row].copy()
        own[known.indices[known.indptr[row] : known.indptr[row + 1]]] = -np.inf
        first = best(own, LONGEST)
        hits = np.isin(first, targets)
        found.append(
            (
                (hits * gains[: len(hits)])[:10].sum() / ideal[min(10, len(targets)) - 1],
                hits[:COVERED].sum() / min(COVERED, len(targets)),
                (hits * gains[: len(hits)]).sum() / ideal[min(LONGEST, len(targets)) - 1],
            )
        )
        covered.update(first[:COVERED].tolist())
    ndcg_10, recall_20, ndcg_100 = np.mean(found, axis=0).tolist()
    return Metrics(ndcg_10, recall_20, ndcg_100, len(covered) / scores.shape[1])


def best(scores: Floats, count: int) -> NDArray[np.intp]:
    """Returns the places of the highest scores, the highest first; of equal ones the first."""
    order: NDArray[np.intp] = np.argsort(-scores, kind="stable")
    return order[:count]


def _where(matrix: Matrix, kept: NDArray[np.bool_], *, ones: bool = False) -> Matrix:
    copy = matrix.copy()
    copy.data = np.where(kept, 1.0 if ones else matrix.data, 0.0)
    copy.eliminate_zeros()
    return copy
