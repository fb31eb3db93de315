"""What evaluations compare: popularity, item neighbours, EDLAE as published, and the model as it is served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from service.recommendations.model.dataset import BEST_RATING, Matrix
from service.recommendations.model.evaluation import HeldOut, Method, Ratings
from service.recommendations.model.scoring import ServingModel
from service.recommendations.model.training import BLOCK, Hyperparameters, invert_gram, train

Floats = NDArray[np.float64]
REGULARIZATIONS = (50.0, 100.0, 200.0)
DROPOUTS = (0.2, 0.33, 0.5)


def baselines() -> Sequence[Method[Any]]:
    """Returns what the model is to be better than."""
    return (
        Method("popularity", [None], _popularity),
        Method("item-kNN", [50, 100, 200, 400], _item_neighbors),
    )


def edlae() -> Method[Hyperparameters]:
    """Returns EDLAE as published: positives alone, all of one weight, nothing known of movies, every weight kept."""
    grid = [
        replace(Hyperparameters(), regularization=regularization, dropout=dropout, facet_weight=0.0)
        for regularization in REGULARIZATIONS
        for dropout in DROPOUTS
    ]
    return Method("EDLAE", grid, _edlae)


def marquee(*, most_movies: int) -> Method[Hyperparameters]:
    """Returns the model as it is trained by default and served: nothing is chosen for the occasion."""

    def served(parameters: Hyperparameters, ratings: Ratings, held_out: HeldOut) -> Floats:
        dataset = ratings.dataset(weighted(ratings.stars))
        trained = train(dataset, parameters, most_movies=most_movies, progress=lambda *_: None)
        weights = trained.weights.transposed(len(trained.movie_ids))
        model = ServingModel(0, trained.movie_ids, weights, trained.similar_movies)
        known = weighted(held_out.known)
        return np.stack([model.voices(_history(model, known, row)).scores() for row in range(known.shape[0])])

    return Method("Marquee", [Hyperparameters()], served)


def _popularity(_: None, ratings: Ratings, held_out: HeldOut) -> Floats:
    counts: Floats = np.asarray(ratings.positives.sum(axis=0)).ravel()
    return np.tile(counts, (len(held_out.targets), 1))


def _item_neighbors(count: int, ratings: Ratings, held_out: HeldOut) -> Floats:
    some = np.flatnonzero(ratings.positives.sum(axis=0))
    liked = sparse.csr_array(ratings.positives[:, some])
    lengths = np.sqrt(np.asarray(liked.sum(axis=0)).ravel())
    scaled = liked @ sparse.diags_array(1 / np.where(lengths > 0, lengths, 1))
    cosines = (scaled.T @ scaled).toarray()
    np.fill_diagonal(cosines, 0)
    kept = min(count, len(some))
    least = np.partition(cosines, -kept, axis=1)[:, -kept, None]
    scores = np.zeros((len(held_out.targets), len(ratings.movie_ids)))
    scores[:, some] = held_out.known_positives[:, some] @ np.where(cosines >= least, cosines, 0)
    return scores


def _edlae(parameters: Hyperparameters, ratings: Ratings, held_out: HeldOut) -> Floats:
    dataset, known = ratings.dataset(ratings.positives), held_out.known_positives
    learned = np.flatnonzero(dataset.counts >= parameters.least_interactions)
    inverse = invert_gram(dataset, parameters, learned)
    history = sparse.csr_array(known[:, learned])
    product = np.zeros(history.shape)
    for start in range(0, len(learned), BLOCK):
        part = slice(start, min(start + BLOCK, len(learned)))
        product += np.asarray(history[:, part] @ inverse.rows(part))
    scores = np.zeros(known.shape)
    scores[:, learned] = history.toarray() - product / inverse.diagonal
    return scores


def weighted(stars: Matrix) -> Matrix:
    """Returns what `history_weight` says of each rating."""
    weights = stars.copy()
    weights.data = stars.data / BEST_RATING
    return weights


def _history(model: ServingModel, known: Matrix, row: int) -> dict[int, float]:
    part = slice(known.indptr[row], known.indptr[row + 1])
    return dict(zip(model.movie_ids[known.indices[part]].tolist(), known.data[part].tolist(), strict=True))
