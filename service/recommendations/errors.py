"""Errors of training, evaluating and activating recommendation models."""

from __future__ import annotations

from service.errors import FailedPrecondition, NotFound


class InteractionsMissing(FailedPrecondition):
    """There are too few interactions to learn from."""


class TooManyMovies(FailedPrecondition):
    """More movies have interactions than one machine may invert a matrix for."""


class RecommendationModelNotFound(NotFound):
    """No model has this version, or its training is not complete."""
