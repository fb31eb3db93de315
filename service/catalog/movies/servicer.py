"""Rpcs about movies."""

from __future__ import annotations

from typing import Any

from marquee.catalog.v1 import catalog_pb2_grpc, movies_pb2

from service.api.protobuf import serialize_with, serialized, wrap_serialized
from service.auth.principal import current_principal
from service.catalog.convert import BASIC, FULL, serialize_movie, serialize_movies, to_movie
from service.catalog.movies.convert import (
    movie_changes_from,
    new_movie_from,
    to_facet_counts,
    to_facets,
    to_filter,
    to_total,
)
from service.catalog.service import MovieId
from service.catalog.services import CatalogServices


class MoviesServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Converts messages to arguments and back."""

    services: CatalogServices

    async def GetMovie(self, request: movies_pb2.GetMovieRequest, context: Any) -> movies_pb2.GetMovieResponse:
        """Returns one movie."""
        movie_id = MovieId(request.id) if request.id else await self._find_id(request)
        movie = await self.services.movies.get_movie(movie_id, caller=current_principal().user_id)
        message = serialize_movie(movie, view=request.view or FULL)
        return serialized(movies_pb2.GetMovieResponse, wrap_serialized(movies_pb2.GetMovieResponse, "movie", message))

    async def BatchGetMovies(
        self, request: movies_pb2.BatchGetMoviesRequest, context: Any
    ) -> movies_pb2.BatchGetMoviesResponse:
        """Returns movies by id, and the ids without a movie."""
        ids = [MovieId(movie_id) for movie_id in request.ids]
        responses = await self.services.movies.batch_get_movies(ids, caller=current_principal().user_id)
        movies = serialize_movies(responses, view=request.view or BASIC)
        response = movies_pb2.BatchGetMoviesResponse(missing_ids=[one for one in ids if one not in movies])
        found = [movies[movie_id] for movie_id in ids if movie_id in movies]
        return serialized(movies_pb2.BatchGetMoviesResponse, serialize_with(response, "movies", found))

    async def ListMovies(self, request: movies_pb2.ListMoviesRequest, context: Any) -> movies_pb2.ListMoviesResponse:
        """Returns a page of movies."""
        listed = await self.services.movies.list_movies(
            to_filter(request),
            size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
            with_total=request.include_total_size,
            facets=to_facets(request),
        )
        ids = listed.page.items
        responses = await self.services.movies.batch_get_movies(ids, caller=current_principal().user_id)
        movies = serialize_movies(responses, view=request.view or BASIC)
        response = movies_pb2.ListMoviesResponse(
            next_page_token=listed.page.next_page_token,
            total_size=to_total(listed.total),
            facets=map(to_facet_counts, listed.facets),
        )
        # A movie that was deleted between the two queries is left out.
        found = [movies[movie_id] for movie_id in ids if movie_id in movies]
        return serialized(movies_pb2.ListMoviesResponse, serialize_with(response, "movies", found))

    async def CreateMovie(self, request: movies_pb2.CreateMovieRequest, context: Any) -> movies_pb2.CreateMovieResponse:
        """Creates a movie."""
        caller = current_principal().require_user()
        detail = await self.services.movies.create_movie(new_movie_from(request), actor_id=caller)
        viewer = await self.services.movies.get_viewer_state(detail.id, caller=caller)
        return movies_pb2.CreateMovieResponse(movie=to_movie(detail, viewer=viewer))

    async def UpdateMovie(self, request: movies_pb2.UpdateMovieRequest, context: Any) -> movies_pb2.UpdateMovieResponse:
        """Changes a movie."""
        caller = current_principal().require_user()
        detail = await self.services.movies.update_movie(
            MovieId(request.id), movie_changes_from(request), etag=request.movie.etag, actor_id=caller
        )
        viewer = await self.services.movies.get_viewer_state(detail.id, caller=caller)
        return movies_pb2.UpdateMovieResponse(movie=to_movie(detail, viewer=viewer))

    async def DeleteMovie(self, request: movies_pb2.DeleteMovieRequest, context: Any) -> movies_pb2.DeleteMovieResponse:
        """Deletes a movie."""
        await self.services.movies.delete_movie(
            MovieId(request.id), etag=request.etag, actor_id=current_principal().require_user()
        )
        return movies_pb2.DeleteMovieResponse()

    async def _find_id(self, request: movies_pb2.GetMovieRequest) -> MovieId:
        if request.HasField("tmdb_id"):
            return await self.services.movies.get_movie_id(tmdb_id=request.tmdb_id)
        return await self.services.movies.get_movie_id(imdb_id=request.imdb_id)
