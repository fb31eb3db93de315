"""Training: the closed form, weights by content, and errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from service.recommendations.errors import InteractionsMissing, TooManyMovies
from service.recommendations.model.dataset import Dataset, FacetKind, history_weight
from service.recommendations.model.inverse import DenseInverse, Inverse, WoodburyInverse, invert
from service.recommendations.model.training import Hyperparameters, TrainedModel, train

ALL = Hyperparameters(regularization=3.0, dropout=0.4, facet_weight=0, least_interactions=1, neighbors=50, similar=50)
Facet = tuple[FacetKind, int, int]


def dataset(liked: NDArray[np.float64], facets: list[Facet] | None = None) -> Dataset:
    users, movies = np.nonzero(liked)
    kinds, numbers, facet_movies = np.array(facets or [], np.int32).reshape(-1, 3).T
    return Dataset.build(
        np.arange(10, 10 + liked.shape[1], dtype=np.int32),
        interactions=(
            users.astype(np.int32),
            (movies + 10).astype(np.int32),
            liked[users, movies].astype(np.float32),
        ),
        facets=(kinds, numbers, facet_movies),
    )


def some_ratings(users: int, movies: int) -> NDArray[np.float64]:
    random = np.random.default_rng(1)
    liked = random.integers(1, 6, (users, movies)) / 5 * (random.random((users, movies)) < 0.4)
    liked[0] = 1
    return liked.astype(np.float32).astype(np.float64)


def trained(data: Dataset, parameters: Hyperparameters, *, most_movies: int = 100) -> TrainedModel:
    return train(data, parameters, most_movies=most_movies, progress=lambda *_: None)


def least_squares(liked: NDArray[np.float64], movie: int, others: NDArray[np.signedinteger]) -> NDArray[np.float64]:
    """Returns the least-squares weights from the others to a movie, with the penalties of ALL."""
    penalty = ALL.regularization + ALL.dropout / (1 - ALL.dropout) * (liked**2).sum(axis=0)
    # One additional row for each penalty turns it into ordinary least squares.
    rows = np.vstack((liked[:, others], np.diag(np.sqrt(penalty[others]))))
    target = np.concatenate((liked[:, movie], np.zeros(len(others))))
    found: NDArray[np.float64] = np.linalg.lstsq(rows, target, rcond=None)[0]
    return found


def dense(model: TrainedModel) -> NDArray[np.float64]:
    weights = np.zeros((len(model.movie_ids), len(model.movie_ids)))
    for place in range(len(weights)):
        sources, values = model.weights.row(place)
        weights[sources, place] = values
    return weights


@pytest.mark.parametrize(("users", "method"), [(40, DenseInverse), (5, WoodburyInverse)])
def test_the_weights_are_the_regularised_least_squares(users: int, method: type[Inverse]) -> None:
    liked = some_ratings(users, 12)
    data = dataset(liked)
    assert isinstance(invert(data.interactions, np.ones(12)), method)
    weights = dense(trained(data, ALL))
    for movie in range(12):
        others = np.delete(np.arange(12), movie)
        np.testing.assert_allclose(weights[others, movie], least_squares(liked, movie, others), rtol=1e-4, atol=1e-6)
    assert not weights.diagonal().any()


def test_both_inverses_agree_in_every_part() -> None:
    matrix = dataset(some_ratings(9, 30)).interactions
    added = np.linspace(1, 4, 30)
    one, other = DenseInverse(matrix, added), WoodburyInverse(matrix, added)
    np.testing.assert_allclose(one.diagonal, other.diagonal)
    for part in (slice(0, 30), slice(0, 7), slice(7, 19), slice(29, 30)):
        np.testing.assert_allclose(one.rows(part), other.rows(part), atol=1e-12)
    whole = (matrix.T @ matrix).toarray() + np.diag(added)
    np.testing.assert_allclose(one.rows(slice(0, 30)), np.linalg.inv(whole))
    some = np.array([0, 3, 4, 17, 29])
    for inverse in (one, other):
        np.testing.assert_allclose(np.triu(inverse.gram(some)), np.triu(whole[np.ix_(some, some)]), rtol=1e-6)


def test_the_strongest_weights_stay_negative_ones_too() -> None:
    # Users like the first movie with one of the next two, but nobody likes both of these.
    liked = np.array([[1, 1, 0, 0], [1, 0, 1, 0]] * 20 + [[0, 0, 0, 1]], float)
    every = dense(trained(dataset(liked), ALL))
    few = trained(dataset(liked), replace(ALL, neighbors=2))
    assert every[1, 2] < 0
    for place in range(3):
        sources, values = few.weights.row(place)
        assert set(sources) == set(np.argsort(-np.abs(every[:, place]))[:2])
        assert np.abs(values[0]) >= np.abs(values[1])
    assert (few.weights.row(1)[1] < 0).any()


@pytest.mark.parametrize("users", [60, 10])
def test_the_remaining_weights_are_fitted_without_the_dropped_ones(users: int) -> None:
    liked = some_ratings(users, 25)
    every = dense(trained(dataset(liked), ALL))
    few = trained(dataset(liked), replace(ALL, neighbors=6))
    for movie in range(25):
        sources, values = few.weights.row(movie)
        assert set(sources) == set(np.argsort(-np.abs(every[:, movie]))[:6])
        np.testing.assert_allclose(values.astype(float), least_squares(liked, movie, sources), rtol=1e-4, atol=1e-6)
        assert (np.diff(np.abs(values)) <= 0).all()


def test_movies_with_few_interactions_have_weights_by_content_only() -> None:
    liked = np.zeros((20, 5))
    liked[:, :3] = some_ratings(20, 3)
    facets = [(FacetKind.GENRE, 1, 10), (FacetKind.GENRE, 1, 13), (FacetKind.PERSON, 2, 13), (FacetKind.PERSON, 2, 14)]
    model = trained(dataset(liked, facets), replace(ALL, least_interactions=2))
    assert model.learned_movies == 3
    assert set(model.weights.row(3)[0]) == {0, 4}
    assert set(model.similar_movies.row(4)[0]) == {3}
    assert 3 in model.weights.row(0)[0]
    assert (model.weights.row(3)[1] > 0).all()


def test_similar_movies_depend_on_interactions_if_there_are_many_else_on_content() -> None:
    liked = np.zeros((300, 4))
    liked[:150, :2] = liked[150:, 2] = 1
    liked[:2, 3] = 1
    facets = [
        (FacetKind.PERSON, 1, 10),
        (FacetKind.PERSON, 1, 12),
        (FacetKind.PERSON, 2, 13),
        (FacetKind.PERSON, 2, 12),
    ]
    model = trained(dataset(liked, facets), ALL)
    assert model.similar_movies.row(0)[0][0] == 1
    assert model.similar_movies.row(3)[0][0] == 2
    assert (model.similar_movies.values <= 1).all()


def test_genres_connect_movies_that_no_user_rated_both() -> None:
    liked = np.repeat(np.eye(3), 5, axis=0)
    facets = [(FacetKind.GENRE, 7, 10), (FacetKind.GENRE, 7, 11)]
    without = dense(trained(dataset(liked, facets), ALL))
    weights = dense(trained(dataset(liked, facets), replace(ALL, facet_weight=1.0)))
    assert not without[0].any()
    assert weights[0, 1] > 0
    assert weights[0, 2] == 0


def test_history_weights() -> None:
    assert history_weight(is_favorite=True) == history_weight(rating=5) == 1
    assert history_weight(rating=2) == 0.4
    assert history_weight(rating=2, is_favorite=True) == 1
    assert history_weight() == 0


def test_training_without_interactions_is_refused() -> None:
    with pytest.raises(InteractionsMissing):
        trained(dataset(np.zeros((1, 3))), ALL)
    with pytest.raises(InteractionsMissing):
        trained(dataset(np.zeros((1, 0))), ALL)


def test_too_many_movies_are_refused_with_the_alternatives() -> None:
    with pytest.raises(TooManyMovies, match=r"MARQUEE_RECOMMENDATION_MOST_MOVIES is 5: .*Spark"):
        trained(dataset(some_ratings(20, 6)), ALL, most_movies=5)
