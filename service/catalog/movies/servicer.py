"""The rpcs about movies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from marquee.catalog.v1 import catalog_pb2_grpc, movies_pb2

from service.auth.principal import UserId, current_principal
from service.catalog import convert
from service.catalog.movies.convert import movie_changes_from, new_movie_from
from service.catalog.movies.convert_filters import to_facet_counts, to_facets, to_filter, to_total
from service.catalog.movies.service import Movies
from service.catalog.movies.writing import MovieWrites
from service.catalog.service import Catalog, MovieDetail, MovieId, ViewerStates

FindViewerStates = Callable[[UserId, Collection[MovieId]], Awaitable[ViewerStates]]


class MoviesServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Messages to arguments and back."""

    _catalog: Catalog
    _movies: Movies
    _movie_writes: MovieWrites
    _find_viewer_states: FindViewerStates

    async def GetMovie(self, request: movies_pb2.GetMovieRequest, context: Any) -> movies_pb2.GetMovieResponse:
        """Returns one movie."""
        named = request.WhichOneof("movie")
        detail = await self._catalog.get_movie(
            movie_id=MovieId(request.id) if named == "id" else None,
            tmdb_id=request.tmdb_id if named == "tmdb_id" else None,
            imdb_id=request.imdb_id if named == "imdb_id" else None,
        )
        viewer = await self._viewer([detail])
        return movies_pb2.GetMovieResponse(movie=convert.to_movie(detail, viewer, view=request.view))

    async def BatchGetMovies(
        self, request: movies_pb2.BatchGetMoviesRequest, context: Any
    ) -> movies_pb2.BatchGetMoviesResponse:
        """Returns movies by id, and the ids that no movie has."""
        ids = [MovieId(movie_id) for movie_id in request.ids]
        details = await self._catalog.get_movies(ids)
        found = [details[movie_id] for movie_id in ids if movie_id in details]
        return movies_pb2.BatchGetMoviesResponse(
            movies=convert.to_listed_movies(found, await self._viewer(found), view=request.view),
            missing_ids=[movie_id for movie_id in ids if movie_id not in details],
        )

    async def ListMovies(self, request: movies_pb2.ListMoviesRequest, context: Any) -> movies_pb2.ListMoviesResponse:
        """Returns a page of movies."""
        wanted = to_filter(request)
        page = await self._movies.list_movies(
            wanted, size=request.page_size, page_token=request.page_token, order_by=request.order_by
        )
        total = await self._movies.count_movies(wanted) if request.include_total_size else None
        facets = [await self._movies.count_by(facet, wanted) for facet in to_facets(request)]
        return movies_pb2.ListMoviesResponse(
            movies=convert.to_listed_movies(page.items, await self._viewer(page.items), view=request.view),
            next_page_token=page.next_page_token,
            total_size=to_total(total),
            facets=[to_facet_counts(counts) for counts in facets],
        )

    async def CreateMovie(self, request: movies_pb2.CreateMovieRequest, context: Any) -> movies_pb2.CreateMovieResponse:
        """Makes a movie."""
        detail = await self._movie_writes.create_movie(
            new_movie_from(request), actor_id=current_principal().require_user()
        )
        viewer = await self._viewer([detail])
        return movies_pb2.CreateMovieResponse(movie=convert.to_movie(detail, viewer))

    async def UpdateMovie(self, request: movies_pb2.UpdateMovieRequest, context: Any) -> movies_pb2.UpdateMovieResponse:
        """Changes a movie."""
        detail = await self._movie_writes.update_movie(
            MovieId(request.id),
            movie_changes_from(request),
            etag=request.movie.etag,
            actor_id=current_principal().require_user(),
        )
        viewer = await self._viewer([detail])
        return movies_pb2.UpdateMovieResponse(movie=convert.to_movie(detail, viewer))

    async def DeleteMovie(self, request: movies_pb2.DeleteMovieRequest, context: Any) -> movies_pb2.DeleteMovieResponse:
        """Removes a movie."""
        await self._movie_writes.delete_movie(
            MovieId(request.id), etag=request.etag, actor_id=current_principal().require_user()
        )
        return movies_pb2.DeleteMovieResponse()

    async def _viewer(self, details: Collection[MovieDetail]) -> ViewerStates | None:
        user_id = current_principal().user_id
        if user_id is None:
            return None
        return await self._find_viewer_states(user_id, [MovieId(detail.movie.id) for detail in details])
