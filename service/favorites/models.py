"""Tables of favorites, watchlists and ratings."""

from __future__ import annotations

from typing import Any

from tortoise import Model, fields

from service.database.orm import TimestampedModel


class FavoriteMovie(TimestampedModel):
    """A movie in a user's favorites."""

    id = fields.BigIntField(primary_key=True)
    user: Any = fields.ForeignKeyField("marquee.User", related_name="favorites", on_delete=fields.CASCADE)
    movie: Any = fields.ForeignKeyField("marquee.Movie", related_name="favorites", on_delete=fields.CASCADE)

    user_id: int
    movie_id: int

    class Meta:
        """Table."""

        table = "favorite_movies"
        unique_together = (("user", "movie"),)


class WatchlistItem(TimestampedModel):
    """A movie on a user's watchlist."""

    id = fields.BigIntField(primary_key=True)
    user: Any = fields.ForeignKeyField("marquee.User", related_name="watchlist", on_delete=fields.CASCADE)
    movie: Any = fields.ForeignKeyField("marquee.Movie", related_name="watchlisted", on_delete=fields.CASCADE)

    user_id: int
    movie_id: int

    class Meta:
        """Table."""

        table = "watchlist_items"
        unique_together = (("user", "movie"),)


class MovieRating(TimestampedModel):
    """A user's rating of a movie, 1 to 5, with a review."""

    id = fields.BigIntField(primary_key=True)
    user: Any = fields.ForeignKeyField("marquee.User", related_name="ratings", on_delete=fields.CASCADE)
    movie: Any = fields.ForeignKeyField("marquee.Movie", related_name="ratings", on_delete=fields.CASCADE)
    rating = fields.SmallIntField()
    review = fields.TextField(db_default="")
    row_version = fields.IntField(db_default=1)
    """Number of changes, counted by a trigger."""

    user_id: int
    movie_id: int

    class Meta:
        """Table."""

        table = "movie_ratings"
        unique_together = (("user", "movie"),)


class UserActivity(Model):
    """Number of changes and time of the last change of each list of a user, by triggers."""

    user: Any = fields.OneToOneField(
        "marquee.User", related_name="activity", on_delete=fields.CASCADE, primary_key=True
    )
    favorites_version = fields.IntField(db_default=0)
    favorites_changed_at = fields.DatetimeField(null=True)
    watchlist_version = fields.IntField(db_default=0)
    watchlist_changed_at = fields.DatetimeField(null=True)
    ratings_version = fields.IntField(db_default=0)
    ratings_changed_at = fields.DatetimeField(null=True)

    user_id: int

    class Meta:
        """Table."""

        table = "user_activities"
