"""FavoritesService over gRPC: favorites, watchlists, and what the caller did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marquee.favorites.v1 import activity_pb2, favorites_pb2, watchlist_pb2

from service.api.protobuf import serialize_with, serialized
from service.auth.principal import current_principal
from service.catalog.convert import serialize_movies
from service.catalog.movies.service import Movies
from service.catalog.service import UNTOUCHED, MovieId
from service.favorites import convert
from service.favorites.page_responses import RenderedPages
from service.favorites.ratings.service import Ratings
from service.favorites.ratings.servicer import RatingsServicer
from service.favorites.service import Favorites
from service.favorites.states import ViewerStateLookups
from service.favorites.values import KeptMovie


class FavoritesServicer(RatingsServicer):
    """Messages to arguments and back."""

    def __init__(
        self,
        favorites: Favorites,
        *,
        ratings: Ratings,
        viewer_states: ViewerStateLookups,
        movies: Movies,
        rendered_pages: RenderedPages,
    ) -> None:
        self._favorites = favorites
        self._ratings = ratings
        self._viewer_states = viewer_states
        self._movies = movies
        self._rendered_pages = rendered_pages

    async def AddFavorite(
        self, request: favorites_pb2.AddFavoriteRequest, context: Any
    ) -> favorites_pb2.AddFavoriteResponse:
        """Adds a movie to the caller's favorites."""
        user_id = current_principal().require_user()
        kept = await self._favorites.add_favorite(user_id, MovieId(request.movie_id))
        movies = await self._movies_of([kept], request.view)
        favorite = convert.to_favorite(kept, movies)
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
        reply = self._rendered_pages.reply(page, movies, lambda: convert.to_favorites_page(page, movies))
        return serialized(favorites_pb2.ListFavoritesResponse, reply)

    async def AddToWatchlist(
        self, request: watchlist_pb2.AddToWatchlistRequest, context: Any
    ) -> watchlist_pb2.AddToWatchlistResponse:
        """Puts a movie on the caller's watchlist."""
        user_id = current_principal().require_user()
        kept = await self._favorites.add_to_watchlist(user_id, MovieId(request.movie_id))
        movies = await self._movies_of([kept], request.view)
        item = convert.to_watchlist_item(kept, movies)
        response = serialize_with(watchlist_pb2.AddToWatchlistResponse(), "item", [item])
        return serialized(watchlist_pb2.AddToWatchlistResponse, response)

    async def BatchAddToWatchlist(
        self, request: watchlist_pb2.BatchAddToWatchlistRequest, context: Any
    ) -> watchlist_pb2.BatchAddToWatchlistResponse:
        """Puts movies on the caller's watchlist."""
        user_id = current_principal().require_user()
        results = await self._favorites.batch_add_to_watchlist(user_id, [MovieId(each) for each in request.movie_ids])
        return watchlist_pb2.BatchAddToWatchlistResponse(results=map(convert.to_result, results))

    async def RemoveFromWatchlist(
        self, request: watchlist_pb2.RemoveFromWatchlistRequest, context: Any
    ) -> watchlist_pb2.RemoveFromWatchlistResponse:
        """Takes a movie off the caller's watchlist."""
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
        reply = self._rendered_pages.reply(page, movies, lambda: convert.to_watchlist_page(page, movies))
        return serialized(watchlist_pb2.ListWatchlistResponse, reply)

    async def BatchGetMovieStates(
        self, request: activity_pb2.BatchGetMovieStatesRequest, context: Any
    ) -> activity_pb2.BatchGetMovieStatesResponse:
        """Returns what the caller did with movies."""
        ids = [MovieId(movie_id) for movie_id in request.movie_ids]
        states = await self._viewer_states.find(current_principal().require_user(), ids)
        return activity_pb2.BatchGetMovieStatesResponse(
            states=[convert.to_state(movie_id, states.get(movie_id, UNTOUCHED)) for movie_id in ids]
        )

    async def GetLastActivities(
        self, request: activity_pb2.GetLastActivitiesRequest, context: Any
    ) -> activity_pb2.GetLastActivitiesResponse:
        """Tells where the caller's lists stand."""
        activities = await self._favorites.get_last_activities(current_principal().require_user())
        return convert.to_activities(activities)

    async def _movies_of(self, kept: Iterable[KeptMovie], view: convert.View) -> convert.Movies:
        ids = [each.movie_id for each in kept]
        return serialize_movies(await self._movies.batch_get_movies(ids, caller=None), view=convert.to_view(view))
