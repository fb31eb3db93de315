"""Tables of what users keep: favorites, watchlists, ratings."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from service.db import TimestampedModel


class FavoriteMovie(TimestampedModel):
    """A movie among a user's favorites."""

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

    user_id: int
    movie_id: int

    class Meta:
        """Table."""

        table = "movie_ratings"
        unique_together = (("user", "movie"),)
