"""Conversion between messages of RecommendationsService and values."""

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
    Dismissal,
    FavoriteMovie,
    PopularInGenre,
    RatedMovie,
    Reason,
    Recommendation,
    RecommendationFilter,
    ScoredMovie,
    TrendingWindow,
)

Movies: TypeAlias = Mapping[MovieId, bytes]
"""Serialized movies by id. A movie that is missing was deleted, and its items are left out."""
CACHED_REASONS = 1000
FilteredRequest: TypeAlias = (
    recommendations_pb2.RecommendMoviesRequest
    | recommendations_pb2.ListSimilarMoviesRequest
    | recommendations_pb2.ListTrendingMoviesRequest
)


def to_filter(request: FilteredRequest) -> RecommendationFilter:
    """Returns the filter of a request. The ids are sorted, because page tokens are bound to their order."""
    return RecommendationFilter(
        genre_ids_any=tuple(sorted(request.genre_ids_any)),
        genre_ids_none=tuple(sorted(request.genre_ids_none)),
        year_from=request.year_from,
        year_to=request.year_to,
        language=request.language,
    )


def to_window(window: recommendations_pb2.TrendingWindow.ValueType) -> TrendingWindow:
    """Returns the window of a request; the default is a week."""
    if window == recommendations_pb2.TRENDING_WINDOW_UNSPECIFIED:
        return TrendingWindow.WEEK
    return TrendingWindow[recommendations_pb2.TrendingWindow.Name(window).removeprefix("TRENDING_WINDOW_")]


def movie_ids_of(items: Iterable[Recommendation]) -> set[MovieId]:
    """Returns the movies that the messages of recommendations contain, with the movies of their reasons."""
    liked = {item.reason.movie_id for item in items if isinstance(item.reason, RatedMovie | FavoriteMovie)}
    return {*(item.movie_id for item in items), *liked}


def to_recommendations(items: Collection[Recommendation], movies: Movies) -> list[bytes]:
    """Returns the serialized messages of recommendations, each movie with its `viewer`."""
    return [
        _reason(item.reason, _liked(item.reason, movies))
        # A recommended movie has no rating and is no favorite, so its `viewer` needs no query.
        + wrap_serialized(
            recommendation_pb2.Recommendation,
            "movie",
            movies[item.movie_id] + viewer_part(ViewerState(in_watchlist=item.in_watchlist)),
        )
        for item in items
        if item.movie_id in movies
    ]


def to_similar_movies(items: Iterable[ScoredMovie], movies: Movies) -> list[bytes]:
    """Returns the serialized messages of similar movies."""
    return [
        serialize_with(recommendation_pb2.SimilarMovie(similarity=item.score), "movie", [movies[item.movie_id]])
        for item in items
        if item.movie_id in movies
    ]


def to_trending_movies(items: Iterable[ScoredMovie], movies: Movies) -> list[bytes]:
    """Returns the serialized messages of trending movies."""
    return [
        serialize_with(recommendation_pb2.TrendingMovie(score=item.score), "movie", [movies[item.movie_id]])
        for item in items
        if item.movie_id in movies
    ]


def to_dismissals(items: Iterable[Dismissal], movies: Movies) -> list[bytes]:
    """Returns the serialized messages of dismissals."""
    return [
        serialize_with(
            recommendation_pb2.Dismissal(create_time=timestamp(item.created_at)), "movie", [movies[item.movie_id]]
        )
        for item in items
        if item.movie_id in movies
    ]


def _liked(reason: Reason, movies: Movies) -> bytes:
    """Returns the serialized movie of a reason; empty if the reason has no movie or the movie was just deleted."""
    return movies.get(reason.movie_id, b"") if isinstance(reason, RatedMovie | FavoriteMovie) else b""


@lru_cache(CACHED_REASONS)
def _reason(reason: Reason, liked: bytes) -> bytes:
    """Returns the field `reason` of a recommendation. It is cached, because it takes longer than the rest of the item.

    `liked` is the serialized movie of the reason, or empty.
    """
    match reason:
        case RatedMovie(movie_id, rating):
            kind = "rated"
            message: Message = recommendation_pb2.RatedMovie(movie_id=movie_id, title=_title(liked), rating=rating)
        case FavoriteMovie(movie_id):
            kind, message = "favorite", recommendation_pb2.FavoriteMovie(movie_id=movie_id, title=_title(liked))
        case PopularInGenre(genre_id, name):
            kind, message = "popular_in_genre", recommendation_pb2.PopularInGenre(genre_id=genre_id, name=name)
        case _:
            kind, message = "popular", recommendation_pb2.Popular()
    serialized_reason = wrap_serialized(recommendation_pb2.Reason, kind, message.SerializeToString())
    return wrap_serialized(recommendation_pb2.Recommendation, "reason", serialized_reason)


def _title(movie: bytes) -> str:
    return movie_pb2.Movie.FromString(movie).title
