"""FavoritesService over gRPC: favorites, watchlists, ratings, reviews and activities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marquee.favorites.v1 import (
    activity_pb2,
    favorites_pb2,
    favorites_pb2_grpc,
    rating_pb2,
    review_pb2,
    watchlist_pb2,
)

from service.api.protobuf import serialize_with, serialized
from service.auth.principal import current_principal
from service.catalog.convert import serialize_movies
from service.catalog.movies.service import Movies
from service.catalog.service import UNTOUCHED, MovieId
from service.favorites import convert
from service.favorites.interactions import ViewerStateLoader
from service.favorites.listing import EVERYTHING
from service.favorites.page_cache import PageReplyCache
from service.favorites.ratings import Ratings
from service.favorites.service import Favorites
from service.favorites.values import ListedMovie


class FavoritesServicer(favorites_pb2_grpc.FavoritesServiceServicer):
    """Messages to arguments and back."""

    def __init__(
        self,
        favorites: Favorites,
        *,
        ratings: Ratings,
        viewer_states: ViewerStateLoader,
        movies: Movies,
        page_replies: PageReplyCache,
    ) -> None:
        self._favorites = favorites
        self._ratings = ratings
        self._viewer_states = viewer_states
        self._movies = movies
        self._page_replies = page_replies

    async def AddFavorite(
        self, request: favorites_pb2.AddFavoriteRequest, context: Any
    ) -> favorites_pb2.AddFavoriteResponse:
        """Adds a movie to the caller's favorites."""
        user_id = current_principal().require_user()
        listed = await self._favorites.add_favorite(user_id, MovieId(request.movie_id))
        movies = await self._movies_of([listed], request.view)
        favorite = convert.to_favorite(listed, movies)
        response = serialize_with(favorites_pb2.AddFavoriteResponse(), "favorite", [favorite])
        return serialized(favorites_pb2.AddFavoriteResponse, response)

    async def BatchAddFavorites(
        self, request: favorites_pb2.BatchAddFavoritesRequest, context: Any
    ) -> favorites_pb2.BatchAddFavoritesResponse:
        """Adds movies to the caller's favorites."""
        user_id = current_principal().require_user()
        results = await self._favorites.batch_add_favorites(user_id, [MovieId(each) for each in request.movie_ids])
        return favorites_pb2.BatchAddFavoritesResponse(results=map(convert.to_result, results))

    async def RemoveFavorite(
        self, request: favorites_pb2.RemoveFavoriteRequest, context: Any
    ) -> favorites_pb2.RemoveFavoriteResponse:
        """Removes a movie from the caller's favorites."""
        await self._favorites.remove_favorite(current_principal().require_user(), MovieId(request.movie_id))
        return favorites_pb2.RemoveFavoriteResponse()

    async def ListFavorites(
        self, request: favorites_pb2.ListFavoritesRequest, context: Any
    ) -> favorites_pb2.ListFavoritesResponse:
        """Returns a page of the caller's favorites."""
        user_id = current_principal().require_user()
        page = await self._favorites.list_favorites(
            user_id,
            convert.to_filter(request),
            size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
        )
        movies = await self._movies_of(page.items, request.view)
        reply = self._page_replies.get(page, movies, lambda: convert.to_favorites_page(page, movies))
        return serialized(favorites_pb2.ListFavoritesResponse, reply)

    async def AddToWatchlist(
        self, request: watchlist_pb2.AddToWatchlistRequest, context: Any
    ) -> watchlist_pb2.AddToWatchlistResponse:
        """Adds a movie to the caller's watchlist."""
        user_id = current_principal().require_user()
        listed = await self._favorites.add_to_watchlist(user_id, MovieId(request.movie_id))
        movies = await self._movies_of([listed], request.view)
        item = convert.to_watchlist_item(listed, movies)
        response = serialize_with(watchlist_pb2.AddToWatchlistResponse(), "item", [item])
        return serialized(watchlist_pb2.AddToWatchlistResponse, response)

    async def BatchAddToWatchlist(
        self, request: watchlist_pb2.BatchAddToWatchlistRequest, context: Any
    ) -> watchlist_pb2.BatchAddToWatchlistResponse:
        """Adds movies to the caller's watchlist."""
        user_id = current_principal().require_user()
        results = await self._favorites.batch_add_to_watchlist(user_id, [MovieId(each) for each in request.movie_ids])
        return watchlist_pb2.BatchAddToWatchlistResponse(results=map(convert.to_result, results))

    async def RemoveFromWatchlist(
        self, request: watchlist_pb2.RemoveFromWatchlistRequest, context: Any
    ) -> watchlist_pb2.RemoveFromWatchlistResponse:
        """Removes a movie from the caller's watchlist."""
        await self._favorites.remove_from_watchlist(current_principal().require_user(), MovieId(request.movie_id))
        return watchlist_pb2.RemoveFromWatchlistResponse()

    async def ListWatchlist(
        self, request: watchlist_pb2.ListWatchlistRequest, context: Any
    ) -> watchlist_pb2.ListWatchlistResponse:
        """Returns a page of the caller's watchlist."""
        user_id = current_principal().require_user()
        page = await self._favorites.list_watchlist(
            user_id,
            convert.to_filter(request),
            size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
        )
        movies = await self._movies_of(page.items, request.view)
        reply = self._page_replies.get(page, movies, lambda: convert.to_watchlist_page(page, movies))
        return serialized(watchlist_pb2.ListWatchlistResponse, reply)

    async def RateMovie(self, request: rating_pb2.RateMovieRequest, context: Any) -> rating_pb2.RateMovieResponse:
        """Creates the caller's rating of a movie."""
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
        """Changes the caller's rating of a movie, or creates it."""
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
        """Deletes the caller's rating of a movie."""
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
        """Returns a page of the reviews of a movie."""
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
        """Returns the totals of all ratings of a movie."""
        totals = await self._ratings.get_rating_summary(MovieId(request.movie_id))
        return review_pb2.GetRatingSummaryResponse(summary=convert.to_summary(totals))

    async def BatchGetMovieStates(
        self, request: activity_pb2.BatchGetMovieStatesRequest, context: Any
    ) -> activity_pb2.BatchGetMovieStatesResponse:
        """Returns the caller's states of movies."""
        ids = [MovieId(movie_id) for movie_id in request.movie_ids]
        states = await self._viewer_states.find(current_principal().require_user(), ids)
        return activity_pb2.BatchGetMovieStatesResponse(
            states=[convert.to_state(movie_id, states.get(movie_id, UNTOUCHED)) for movie_id in ids]
        )

    async def GetLastActivities(
        self, request: activity_pb2.GetLastActivitiesRequest, context: Any
    ) -> activity_pb2.GetLastActivitiesResponse:
        """Returns the versions of the caller's lists."""
        activities = await self._favorites.get_last_activities(current_principal().require_user())
        return convert.to_activities(activities)

    async def _movies_of(self, listed: Iterable[ListedMovie], view: convert.View) -> convert.Movies:
        ids = [each.movie_id for each in listed]
        return serialize_movies(await self._movies.batch_get_movies(ids, caller=None), view=convert.to_view(view))
