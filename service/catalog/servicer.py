"""CatalogService over gRPC."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from marquee.catalog.v1 import catalog_pb2, catalog_pb2_grpc

from service.auth.principal import UserId, current_principal
from service.catalog import convert
from service.catalog.service import Catalog, MovieDetail, MovieId, ViewerStates

FindViewerStates = Callable[[UserId, Collection[MovieId]], Awaitable[ViewerStates]]


class CatalogServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Messages to arguments and back."""

    def __init__(self, catalog: Catalog, *, find_viewer_states: FindViewerStates) -> None:
        self._catalog = catalog
        self._find_viewer_states = find_viewer_states

    async def GetMovie(self, request: catalog_pb2.GetMovieRequest, context: Any) -> catalog_pb2.GetMovieResponse:
        """Returns one movie."""
        named = request.WhichOneof("movie")
        detail = await self._catalog.get_movie(
            movie_id=MovieId(request.id) if named == "id" else None,
            tmdb_id=request.tmdb_id if named == "tmdb_id" else None,
            imdb_id=request.imdb_id if named == "imdb_id" else None,
        )
        viewer = await self._viewer([detail])
        return catalog_pb2.GetMovieResponse(movie=convert.to_movie(detail, viewer))

    async def ListMovies(self, request: catalog_pb2.ListMoviesRequest, context: Any) -> catalog_pb2.ListMoviesResponse:
        """Returns a page of movies."""
        page = await self._catalog.list_movies(
            size=request.page_size, page_token=request.page_token, order_by=request.order_by
        )
        viewer = await self._viewer(page.items)
        return catalog_pb2.ListMoviesResponse(
            movies=[convert.to_movie(detail, viewer) for detail in page.items],
            next_page_token=page.next_page_token,
        )

    async def _viewer(self, details: Collection[MovieDetail]) -> ViewerStates | None:
        user_id = current_principal().user_id
        if user_id is None:
            return None
        return await self._find_viewer_states(user_id, [MovieId(detail.movie.id) for detail in details])
