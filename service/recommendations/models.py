"""Tables of recommendations: trained models, their weights, and dismissals."""

from __future__ import annotations

from typing import Any

from tortoise import Model, fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import Now, SqlDefault

from service.database.orm import TimestampedModel


class RecommendationModel(TimestampedModel):
    """Trained model; at most one is active."""

    id = fields.IntField(primary_key=True)
    algorithm = fields.CharField(max_length=32)
    is_active = fields.BooleanField(db_default=False)
    parameters: Any = fields.JSONField(db_default=SqlDefault("'{}'"))
    metrics: Any = fields.JSONField(db_default=SqlDefault("'{}'"))
    activated_at = fields.DatetimeField(null=True)
    completed_at = fields.DatetimeField(null=True)
    """Time at which the last row of the model was written; NULL while it is being written or if it was abandoned."""

    class Meta:
        """Table."""

        table = "recommendation_models"


class MovieNeighbors(Model):
    """Weights of a model to a movie, and its similar movies: pairs of arrays of equal length, the strongest first.

    `neighbor_ids` are the movies that speak for or against this movie if they are in a user's history.
    """

    id = fields.BigIntField(primary_key=True)
    model: Any = fields.ForeignKeyField(
        "marquee.RecommendationModel", related_name="neighbors", on_delete=fields.CASCADE
    )
    movie: Any = fields.ForeignKeyField("marquee.Movie", related_name="neighbors", on_delete=fields.CASCADE)
    neighbor_ids: Any = ArrayField(element_type="int")
    weights: Any = ArrayField(element_type="real")
    similar_ids: Any = ArrayField(element_type="int", db_default=SqlDefault("'{}'"))
    similarities: Any = ArrayField(element_type="real", db_default=SqlDefault("'{}'"))

    class Meta:
        """Table."""

        table = "movie_neighbors"
        unique_together = (("model", "movie"),)


class DismissedRecommendation(Model):
    """A movie that must not be recommended to a user."""

    id = fields.BigIntField(primary_key=True)
    user: Any = fields.ForeignKeyField("marquee.User", related_name="dismissed", on_delete=fields.CASCADE)
    movie: Any = fields.ForeignKeyField("marquee.Movie", related_name="dismissed", on_delete=fields.CASCADE)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        """Table."""

        table = "dismissed_recommendations"
        unique_together = (("user", "movie"),)
