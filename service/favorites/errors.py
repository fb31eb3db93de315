"""Errors of favorites, watchlists and ratings."""

from __future__ import annotations

from service.catalog.errors import MovieNotFound
from service.errors import AlreadyExists, NotFound, Resource

__all__ = ["MovieNotFound", "RatingExists", "RatingNotFound"]


class RatingNotFound(NotFound):
    """The caller has no rating of this movie."""

    def __init__(self, movie_id: int) -> None:
        super().__init__(
            f"you have not rated movie {movie_id}", resource=Resource("marquee.favorites.v1.Rating", str(movie_id))
        )


class RatingExists(AlreadyExists):
    """The caller has already rated this movie."""

    def __init__(self, movie_id: int) -> None:
        super().__init__(
            f"you have already rated movie {movie_id}: update that rating",
            resource=Resource("marquee.favorites.v1.Rating", str(movie_id)),
        )
