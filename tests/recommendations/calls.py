"""Calls of RecommendationsService, parts of their responses, and rows for tests."""

from __future__ import annotations

from typing import Any

import asyncpg
from marquee.recommendations.v1 import recommendations_pb2

from tests.catalogue import add_movie
from tests.client import Client


async def recommend(user: Client, **request: Any) -> Any:
    """Returns a page of recommendations."""
    return await user.recommendations.RecommendMovies(recommendations_pb2.RecommendMoviesRequest(**request))


async def similar(user: Client, movie_id: int, **request: Any) -> Any:
    """Returns a page of similar movies."""
    return await user.recommendations.ListSimilarMovies(
        recommendations_pb2.ListSimilarMoviesRequest(movie_id=movie_id, **request)
    )


async def trending(user: Client, **request: Any) -> Any:
    """Returns a page of trending movies."""
    return await user.recommendations.ListTrendingMovies(recommendations_pb2.ListTrendingMoviesRequest(**request))


async def dismiss(user: Client, movie_id: int) -> Any:
    """Dismisses a movie."""
    return await user.recommendations.DismissRecommendation(
        recommendations_pb2.DismissRecommendationRequest(movie_id=movie_id)
    )


async def restore(user: Client, movie_id: int) -> Any:
    """Restores a movie."""
    return await user.recommendations.RestoreRecommendation(
        recommendations_pb2.RestoreRecommendationRequest(movie_id=movie_id)
    )


async def list_dismissed(user: Client, **request: Any) -> Any:
    """Returns a page of the dismissals of a user."""
    return await user.recommendations.ListDismissedRecommendations(
        recommendations_pb2.ListDismissedRecommendationsRequest(**request)
    )


def ids(page: Any) -> list[int]:
    """Returns the ids of the movies of any page."""
    (items,) = (value for _, value in page.ListFields() if not isinstance(value, str))
    return [item.movie.id for item in items]


def recommended(page: Any) -> list[int]:
    """Returns the ids of the movies of a page of recommendations, which may be empty."""
    return [item.movie.id for item in page.recommendations]


async def add_ranked_movies(database: asyncpg.Connection, count: int, **columns: Any) -> list[int]:
    """Inserts movies without votes and returns their ids, the most popular first."""
    return [
        await add_movie(database, f"Film {number}", popularity=float(count - number), **columns)
        for number in range(count)
    ]


async def rate(database: asyncpg.Connection, user: Client, movie_id: int, rating: int) -> None:
    """Inserts a rating of a user."""
    await _insert(database, "movie_ratings", user, movie_id, rating=rating)


async def favor(database: asyncpg.Connection, user: Client, movie_id: int, **columns: object) -> None:
    """Inserts a favorite of a user."""
    await _insert(database, "favorite_movies", user, movie_id, **columns)


async def watch_later(database: asyncpg.Connection, user: Client, movie_id: int, **columns: object) -> None:
    """Inserts a watchlist item of a user."""
    await _insert(database, "watchlist_items", user, movie_id, **columns)


async def _insert(database: asyncpg.Connection, table: str, user: Client, movie_id: int, **columns: object) -> None:
    names = "".join(f", {name}" for name in columns)
    placeholders = "".join(f", ${number}" for number in range(3, 3 + len(columns)))
    await database.execute(
        f"INSERT INTO {table} (user_id, movie_id{names}) VALUES ($1, $2{placeholders})",  # noqa: S608 - constant names
        user.user_id,
        movie_id,
        *columns.values(),
    )
