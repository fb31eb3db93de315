"""FavoritesService over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marquee.favorites.v1 import favorites_pb2, favorites_pb2_grpc

from service.auth.principal import UserId, current_principal
from service.catalog.service import MovieId
from service.favorites import convert
from service.favorites.service import Favorite, Favorites, find_viewer_states


class FavoritesServicer(favorites_pb2_grpc.FavoritesServiceServicer):
    """Messages to arguments and back."""

    def __init__(self, favorites: Favorites) -> None:
        self._favorites = favorites

    async def AddFavorite(
        self, request: favorites_pb2.AddFavoriteRequest, context: Any
    ) -> favorites_pb2.AddFavoriteResponse:
        """Adds a movie to the caller's favorites."""
        user_id = current_principal().require_user()
        favorite = await self._favorites.add_favorite(user_id, MovieId(request.movie_id))
        (message,) = await _to_messages(user_id, [favorite])
        return favorites_pb2.AddFavoriteResponse(favorite=message)

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
        page = await self._favorites.list_favorites(user_id, size=request.page_size, page_token=request.page_token)
        return favorites_pb2.ListFavoritesResponse(
            favorites=await _to_messages(user_id, page.items), next_page_token=page.next_page_token
        )


async def _to_messages(user_id: UserId, favorites: Sequence[Favorite]) -> list[favorites_pb2.Favorite]:
    viewer = await find_viewer_states(user_id, [MovieId(favorite.movie.movie.id) for favorite in favorites])
    return [convert.to_favorite(favorite, viewer) for favorite in favorites]
