"""The rpcs about ratings and reviews."""

from __future__ import annotations

from typing import Any

from marquee.favorites.v1 import favorites_pb2_grpc, rating_pb2, review_pb2

from service.api.protobuf import serialize_with, serialized
from service.auth.principal import current_principal
from service.catalog.convert import serialize_movies
from service.catalog.movies.service import Movies
from service.catalog.service import MovieId
from service.favorites import convert
from service.favorites.listing import EVERYTHING
from service.favorites.ratings.service import Ratings


class RatingsServicer(favorites_pb2_grpc.FavoritesServiceServicer):
    """Messages to arguments and back."""

    _ratings: Ratings
    _movies: Movies

    async def RateMovie(self, request: rating_pb2.RateMovieRequest, context: Any) -> rating_pb2.RateMovieResponse:
        """Makes the caller's rating of a movie."""
        rating = await self._ratings.rate_movie(
            current_principal().require_user(),
            MovieId(request.movie_id),
            rating=request.rating,
            review=convert.to_review_text(request.review),
        )
        return rating_pb2.RateMovieResponse(rating=convert.to_rating(rating))

    async def UpdateRating(
        self, request: rating_pb2.UpdateRatingRequest, context: Any
    ) -> rating_pb2.UpdateRatingResponse:
        """Changes the caller's rating of a movie, or makes it."""
        user_id, movie_id = current_principal().require_user(), MovieId(request.movie_id)
        changes = convert.to_changes(request)
        if request.allow_missing and not request.etag:
            review = convert.to_review_text(request.review)
            rating = await self._ratings.ensure_rating(user_id, movie_id, changes, rating=request.rating, review=review)
        else:
            rating = await self._ratings.update_rating(user_id, movie_id, changes, etag=request.etag)
        return rating_pb2.UpdateRatingResponse(rating=convert.to_rating(rating))

    async def DeleteRating(
        self, request: rating_pb2.DeleteRatingRequest, context: Any
    ) -> rating_pb2.DeleteRatingResponse:
        """Removes the caller's rating of a movie."""
        user_id = current_principal().require_user()
        await self._ratings.delete_rating(user_id, MovieId(request.movie_id), etag=request.etag)
        return rating_pb2.DeleteRatingResponse()

    async def GetRating(self, request: rating_pb2.GetRatingRequest, context: Any) -> rating_pb2.GetRatingResponse:
        """Returns the caller's rating of a movie."""
        rating = await self._ratings.get_rating(current_principal().require_user(), MovieId(request.movie_id))
        return rating_pb2.GetRatingResponse(rating=convert.to_rating(rating))

    async def ListRatings(self, request: rating_pb2.ListRatingsRequest, context: Any) -> rating_pb2.ListRatingsResponse:
        """Returns a page of the caller's ratings."""
        user_id = current_principal().require_user()
        page = await self._ratings.list_ratings(
            user_id,
            convert.to_filter(request),
            size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
        )
        ids = [listed.rating.movie_id for listed in page.items]
        movies = serialize_movies(
            await self._movies.batch_get_movies(ids, caller=None), view=convert.to_view(request.view)
        )
        response = rating_pb2.ListRatingsResponse(next_page_token=page.next_page_token)
        items = [convert.to_listed_rating(listed, movies) for listed in page.items]
        return serialized(rating_pb2.ListRatingsResponse, serialize_with(response, "ratings", items))

    async def ListMovieReviews(
        self, request: review_pb2.ListMovieReviewsRequest, context: Any
    ) -> review_pb2.ListMovieReviewsResponse:
        """Returns a page of what users wrote about a movie."""
        page = await self._ratings.list_movie_reviews(
            MovieId(request.movie_id),
            convert.rated(EVERYTHING, request),
            size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
        )
        return review_pb2.ListMovieReviewsResponse(
            reviews=map(convert.to_review, page.items), next_page_token=page.next_page_token
        )

    async def GetRatingSummary(
        self, request: review_pb2.GetRatingSummaryRequest, context: Any
    ) -> review_pb2.GetRatingSummaryResponse:
        """Returns how all users together rate a movie."""
        figures = await self._ratings.get_rating_summary(MovieId(request.movie_id))
        return review_pb2.GetRatingSummaryResponse(summary=convert.to_summary(figures))
