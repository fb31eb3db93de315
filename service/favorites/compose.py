"""The services of favorites, wired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marquee.favorites.v1 import favorites_pb2_grpc

from service.api.pagination import PageTokens
from service.catalog.movies.service import Movies
from service.favorites.interactions import ViewerStateLoader
from service.favorites.page_cache import PageReplyCache, VersionedPageCache
from service.favorites.ratings import Announce, Ratings
from service.favorites.service import Favorites
from service.favorites.servicer import FavoritesServicer
from service.settings import Settings

CACHE_SHARE = 8
"""Each cache of users' pages gets this part of the bytes of the response cache."""


@dataclass(frozen=True, slots=True)
class FavoritesDomain:
    """The servicer."""

    servicer: FavoritesServicer

    def register(self, server: Any) -> None:
        """Adds FavoritesService to a gRPC server."""
        favorites_pb2_grpc.add_FavoritesServiceServicer_to_server(self.servicer, server)


def compose_favorites(
    settings: Settings,
    *,
    movies: Movies,
    viewer_states: ViewerStateLoader,
    announce_ratings: Announce,
    page_tokens: PageTokens,
) -> FavoritesDomain:
    """Wires the domain."""
    max_bytes = settings.response_cache_bytes // CACHE_SHARE
    return FavoritesDomain(
        FavoritesServicer(
            Favorites(pages=VersionedPageCache(page_tokens=page_tokens, max_bytes=max_bytes)),
            ratings=Ratings(page_tokens=page_tokens, announce=announce_ratings),
            viewer_states=viewer_states,
            movies=movies,
            page_replies=PageReplyCache(max_bytes=max_bytes),
        )
    )
