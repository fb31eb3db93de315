"""Serving model: scores, reasons, similar movies."""

from __future__ import annotations

import numpy as np
import pytest

from service.recommendations.model.scoring import ServingModel, SparseWeights
from service.recommendations.model.training import strongest

# Row: movie of a history; column: movie that it recommends.
WEIGHTS = np.array([[0, 0.5, -0.2, 0], [0.4, 0, 0.1, 0], [0.3, 0.6, 0, 0], [0, 0, 0, 0]])
IDS = (3, 5, 8, 13)


@pytest.fixture
def model() -> ServingModel:
    weights = SparseWeights.from_rows(strongest(row, 4) for row in WEIGHTS)
    similar = SparseWeights.from_rows(strongest(np.abs(row), 4) for row in WEIGHTS)
    return ServingModel(7, np.array(IDS, np.int32), weights, similar)


@pytest.mark.parametrize("history", [{3: 1.0}, {3: 1.0, 8: 0.4}, {13: 1.0}, {5: 0.2, 3: -0.5, 8: 1.0}])
def test_scores_are_the_sum_of_the_contributions(model: ServingModel, history: dict[int, float]) -> None:
    np.testing.assert_allclose(
        model.contributions(history).scores(), [history.get(i, 0) for i in IDS] @ WEIGHTS, atol=1e-6
    )


@pytest.mark.parametrize("history", [{}, {99: 1.0}])
def test_a_history_that_the_model_does_not_know_gives_no_scores(model: ServingModel, history: dict[int, float]) -> None:
    contributions = model.contributions(history)
    assert contributions.scores().tolist() == [0, 0, 0, 0]
    assert contributions.reasons(IDS, least=0.1) == [None] * 4


def test_the_reason_is_the_movie_with_the_largest_contribution(model: ServingModel) -> None:
    assert model.contributions({3: 1.0, 8: 1.0}).reasons([5, 3, 8, 13, 99, 5], least=0.8) == [8, 8, None, None, None, 8]
    assert model.contributions({3: 1.0, 8: 0.2}).reasons([5], least=0.1) == [3]


def test_a_disliked_movie_is_no_reason(model: ServingModel) -> None:
    assert model.contributions({3: 0.4, 5: 0.8}).reasons([5, 8], least=0.8) == [None, 5]
    assert model.contributions({3: -1.0}).reasons([8], least=0.8) == [None]


def test_similar_movies_are_limited_and_the_most_similar_is_first(model: ServingModel) -> None:
    assert [(i, round(similarity, 6)) for i, similarity in model.similar(8, 9)] == [(5, 0.6), (3, 0.3)]
    assert [i for i, _ in model.similar(8, 1)] == [5]
    assert model.similar(13, 9) == model.similar(99, 9) == []
