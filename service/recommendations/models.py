"""Tables of recommendations: trained models, their neighbours, dismissals."""

from __future__ import annotations

from typing import Any

from tortoise import Model, fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import Now, SqlDefault

from service.database.orm import TimestampedModel


class RecommendationModel(TimestampedModel):
    """One training's outcome; at most one is active."""

    id = fields.IntField(primary_key=True)
    algorithm = fields.CharField(max_length=32)
    is_active = fields.BooleanField(db_default=False)
    parameters: Any = fields.JSONField(db_default=SqlDefault("'{}'"))
    metrics: Any = fields.JSONField(db_default=SqlDefault("'{}'"))
    activated_at = fields.DatetimeField(null=True)
    completed_at = fields.DatetimeField(null=True)
    """When the last of its neighbours was written; None of one that is under way or was given up."""

    class Meta:
        """Table."""

        table = "recommendation_models"


class MovieNeighbors(Model):
    """A movie's nearest movies under one model: ids and weights, strongest first, of equal length.

    `neighbor_ids` are those that speak for or against this one in a history; `similar_ids` those like it.
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
    """A movie that a user does not want to see recommended."""

    id = fields.BigIntField(primary_key=True)
    user: Any = fields.ForeignKeyField("marquee.User", related_name="dismissed", on_delete=fields.CASCADE)
    movie: Any = fields.ForeignKeyField("marquee.Movie", related_name="dismissed", on_delete=fields.CASCADE)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        """Table."""

        table = "dismissed_recommendations"
        unique_together = (("user", "movie"),)
