"""Why no model can be trained or activated."""

from __future__ import annotations

from service.errors import FailedPrecondition, NotFound


class InteractionsMissing(FailedPrecondition):
    """There is too little that a model could learn from."""


class TooManyMovies(FailedPrecondition):
    """More movies have interactions than one machine is to invert a matrix of."""


class RecommendationModelNotFound(NotFound):
    """No model has this version, or its training was never completed."""
