"""gRPC servicer of RecommendationsService."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from marquee.recommendations.v1 import recommendations_pb2, recommendations_pb2_grpc

from service.api.protobuf import serialize_with, serialized
from service.auth.principal import current_principal
from service.catalog.convert import BASIC, View, serialize_movies
from service.catalog.movies.service import Movies
from service.catalog.service import MovieId
from service.recommendations import convert
from service.recommendations.dismissals import Dismissals
from service.recommendations.service import Recommendations


class RecommendationsServicer(recommendations_pb2_grpc.RecommendationsServiceServicer):
    """Converts messages to arguments and results to messages."""

    def __init__(self, *, recommendations: Recommendations, dismissals: Dismissals, movies: Movies) -> None:
        self._recommendations = recommendations
        self._dismissals = dismissals
        self._movies = movies

    async def RecommendMovies(
        self, request: recommendations_pb2.RecommendMoviesRequest, context: Any
    ) -> recommendations_pb2.RecommendMoviesResponse:
        """Returns a page of recommendations for the caller."""
        page = await self._recommendations.recommend_movies(
            current_principal().require_user(),
            convert.to_filter(request),
            include_watchlist=request.include_watchlist,
            size=request.page_size,
            page_token=request.page_token,
        )
        responses = await self._movies.batch_get_movies(convert.movie_ids_of(page.items), caller=None)
        movies = serialize_movies(responses, view=request.view or BASIC)
        response = recommendations_pb2.RecommendMoviesResponse(next_page_token=page.next_page_token)
        items = convert.to_recommendations(page.items, movies)
        return serialized(type(response), serialize_with(response, "recommendations", items))

    async def ListSimilarMovies(
        self, request: recommendations_pb2.ListSimilarMoviesRequest, context: Any
    ) -> recommendations_pb2.ListSimilarMoviesResponse:
        """Returns a page of movies that are similar to one."""
        page = await self._recommendations.list_similar_movies(
            MovieId(request.movie_id),
            convert.to_filter(request),
            size=request.page_size,
            page_token=request.page_token,
        )
        movies = await self._load_movies([item.movie_id for item in page.items], view=request.view)
        response = recommendations_pb2.ListSimilarMoviesResponse(next_page_token=page.next_page_token)
        return serialized(
            type(response), serialize_with(response, "movies", convert.to_similar_movies(page.items, movies))
        )

    async def ListTrendingMovies(
        self, request: recommendations_pb2.ListTrendingMoviesRequest, context: Any
    ) -> recommendations_pb2.ListTrendingMoviesResponse:
        """Returns a page of movies with many recent interactions."""
        page = await self._recommendations.list_trending_movies(
            convert.to_window(request.window),
            convert.to_filter(request),
            size=request.page_size,
            page_token=request.page_token,
        )
        movies = await self._load_movies([item.movie_id for item in page.items], view=request.view)
        response = recommendations_pb2.ListTrendingMoviesResponse(next_page_token=page.next_page_token)
        return serialized(
            type(response), serialize_with(response, "movies", convert.to_trending_movies(page.items, movies))
        )

    async def DismissRecommendation(
        self, request: recommendations_pb2.DismissRecommendationRequest, context: Any
    ) -> recommendations_pb2.DismissRecommendationResponse:
        """Excludes a movie from the recommendations of the caller."""
        dismissal = await self._dismissals.dismiss_recommendation(
            current_principal().require_user(), MovieId(request.movie_id)
        )
        movies = await self._load_movies([dismissal.movie_id], view=BASIC)
        response = recommendations_pb2.DismissRecommendationResponse()
        return serialized(
            type(response), serialize_with(response, "dismissal", convert.to_dismissals([dismissal], movies))
        )

    async def RestoreRecommendation(
        self, request: recommendations_pb2.RestoreRecommendationRequest, context: Any
    ) -> recommendations_pb2.RestoreRecommendationResponse:
        """Removes a dismissal of the caller."""
        await self._dismissals.restore_recommendation(current_principal().require_user(), MovieId(request.movie_id))
        return recommendations_pb2.RestoreRecommendationResponse()

    async def ListDismissedRecommendations(
        self, request: recommendations_pb2.ListDismissedRecommendationsRequest, context: Any
    ) -> recommendations_pb2.ListDismissedRecommendationsResponse:
        """Returns a page of the dismissals of the caller."""
        page = await self._dismissals.list_dismissed_recommendations(
            current_principal().require_user(), size=request.page_size, page_token=request.page_token
        )
        movies = await self._load_movies([item.movie_id for item in page.items], view=request.view)
        response = recommendations_pb2.ListDismissedRecommendationsResponse(next_page_token=page.next_page_token)
        return serialized(
            type(response), serialize_with(response, "dismissals", convert.to_dismissals(page.items, movies))
        )

    async def _load_movies(self, movie_ids: Collection[MovieId], *, view: View) -> dict[MovieId, bytes]:
        responses = await self._movies.batch_get_movies(movie_ids, caller=current_principal().user_id)
        return serialize_movies(responses, view=view or BASIC)
