"""Recommendations as messages and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import TypeAlias

from google.protobuf.message import Message
from marquee.catalog.v1 import movie_pb2
from marquee.recommendations.v1 import recommendation_pb2, recommendations_pb2

from service.api.protobuf import serialize_with, timestamp, wrap_serialized
from service.catalog.convert import viewer_part
from service.catalog.service import MovieId, ViewerState
from service.recommendations.values import (
    Dismissed,
    Kept,
    PopularInGenre,
    Rated,
    Reason,
    Recommended,
    Scored,
    Wanted,
    Window,
)

Movies: TypeAlias = Mapping[MovieId, bytes]
"""Serialized movies by id; what is not among them was removed, and is left out."""
KEPT_REASONS = 1000
FilteredRequest: TypeAlias = (
    recommendations_pb2.RecommendMoviesRequest
    | recommendations_pb2.ListSimilarMoviesRequest
    | recommendations_pb2.ListTrendingMoviesRequest
)


def to_wanted(request: FilteredRequest) -> Wanted:
    """Returns the filters of a request; ids in one order, which page tokens are bound to."""
    return Wanted(
        genre_ids_any=tuple(sorted(request.genre_ids_any)),
        genre_ids_none=tuple(sorted(request.genre_ids_none)),
        year_from=request.year_from,
        year_to=request.year_to,
        language=request.language,
    )


def to_window(window: recommendations_pb2.TrendingWindow.ValueType) -> Window:
    """Returns the window that a request asks for; a week unless told otherwise."""
    if window == recommendations_pb2.TRENDING_WINDOW_UNSPECIFIED:
        return Window.WEEK
    return Window[recommendations_pb2.TrendingWindow.Name(window).removeprefix("TRENDING_WINDOW_")]


def movies_of(items: Iterable[Recommended]) -> set[MovieId]:
    """Returns the movies that the messages of recommendations need, those of their reasons included."""
    liked = {item.reason.movie_id for item in items if isinstance(item.reason, Rated | Kept)}
    return {*(item.movie_id for item in items), *liked}


def to_recommendations(items: Collection[Recommended], movies: Movies) -> list[bytes]:
    """Returns the serialized messages of recommendations, each movie with its `viewer`."""
    return [
        _reason(item.reason, _liked(item.reason, movies))
        # A movie that is recommended is neither rated nor a favorite: its `viewer` takes no query.
        + wrap_serialized(
            recommendation_pb2.Recommendation,
            "movie",
            movies[item.movie_id] + viewer_part(ViewerState(in_watchlist=item.in_watchlist)),
        )
        for item in items
        if item.movie_id in movies
    ]


def to_similar_movies(items: Iterable[Scored], movies: Movies) -> list[bytes]:
    """Returns the serialized messages of similar movies."""
    return [
        serialize_with(recommendation_pb2.SimilarMovie(similarity=item.score), "movie", [movies[item.movie_id]])
        for item in items
        if item.movie_id in movies
    ]


def to_trending_movies(items: Iterable[Scored], movies: Movies) -> list[bytes]:
    """Returns the serialized messages of trending movies."""
    return [
        serialize_with(recommendation_pb2.TrendingMovie(score=item.score), "movie", [movies[item.movie_id]])
        for item in items
        if item.movie_id in movies
    ]


def to_dismissals(items: Iterable[Dismissed], movies: Movies) -> list[bytes]:
    """Returns the serialized messages of dismissals."""
    return [
        serialize_with(
            recommendation_pb2.Dismissal(create_time=timestamp(item.created_at)), "movie", [movies[item.movie_id]]
        )
        for item in items
        if item.movie_id in movies
    ]


def _liked(reason: Reason, movies: Movies) -> bytes:
    """Returns the movie of a reason; empty without one, or when it was removed this very moment."""
    return movies.get(reason.movie_id, b"") if isinstance(reason, Rated | Kept) else b""


@lru_cache(KEPT_REASONS)
def _reason(reason: Reason, liked: bytes) -> bytes:
    """Returns the part of a recommendation that tells why: it takes longer to make than all the rest of an item.

    `liked` is the movie of the reason, serialized, where it has one.
    """
    match reason:
        case Rated(movie_id, rating):
            kind = "rated"
            told: Message = recommendation_pb2.RatedMovie(movie_id=movie_id, title=_title(liked), rating=rating)
        case Kept(movie_id):
            kind, told = "favorite", recommendation_pb2.FavoriteMovie(movie_id=movie_id, title=_title(liked))
        case PopularInGenre(genre_id, name):
            kind, told = "popular_in_genre", recommendation_pb2.PopularInGenre(genre_id=genre_id, name=name)
        case _:
            kind, told = "popular", recommendation_pb2.Popular()
    because = wrap_serialized(recommendation_pb2.Reason, kind, told.SerializeToString())
    return wrap_serialized(recommendation_pb2.Recommendation, "reason", because)


def _title(movie: bytes) -> str:
    return movie_pb2.Movie.FromString(movie).title
