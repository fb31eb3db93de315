"""The rpcs about movies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from marquee.catalog.v1 import catalog_pb2_grpc, movie_pb2, movies_pb2

from service.api.protobuf import serialize_with, serialized, wrap_serialized
from service.auth.principal import current_principal
from service.catalog.convert import BASIC, FULL
from service.catalog.movies.convert import movie_changes_from, new_movie_from
from service.catalog.movies.convert_filters import to_facet_counts, to_facets, to_filter, to_total
from service.catalog.movies.responses import MovieReplies, View
from service.catalog.movies.service import Movies
from service.catalog.movies.writing import MovieWrites
from service.catalog.service import Catalog, MovieId


class MoviesServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Messages to arguments and back."""

    _catalog: Catalog
    _movies: Movies
    _movie_writes: MovieWrites
    _movie_replies: MovieReplies

    async def GetMovie(self, request: movies_pb2.GetMovieRequest, context: Any) -> movies_pb2.GetMovieResponse:
        """Returns one movie."""
        movie_id = MovieId(request.id) if request.id else await self._find_id(request)
        movie = await self._movie_replies.get(movie_id, view=request.view or FULL, caller=current_principal().user_id)
        return serialized(movies_pb2.GetMovieResponse, wrap_serialized(movies_pb2.GetMovieResponse, "movie", movie))

    async def BatchGetMovies(
        self, request: movies_pb2.BatchGetMoviesRequest, context: Any
    ) -> movies_pb2.BatchGetMoviesResponse:
        """Returns movies by id, and the ids that no movie has."""
        ids = [MovieId(movie_id) for movie_id in request.ids]
        movies = await self._load(ids, request.view)
        answer = movies_pb2.BatchGetMoviesResponse(missing_ids=[one for one in ids if one not in movies])
        found = [movies[movie_id] for movie_id in ids if movie_id in movies]
        return serialized(movies_pb2.BatchGetMoviesResponse, serialize_with(answer, "movies", found))

    async def ListMovies(self, request: movies_pb2.ListMoviesRequest, context: Any) -> movies_pb2.ListMoviesResponse:
        """Returns a page of movies."""
        wanted = to_filter(request)
        page = await self._movies.list_movies(
            wanted, size=request.page_size, page_token=request.page_token, order_by=request.order_by
        )
        total = await self._movies.count_movies(wanted) if request.include_total_size else None
        facets = [await self._movies.count_by(facet, wanted) for facet in to_facets(request)]
        movies = await self._load(page.items, request.view)
        answer = movies_pb2.ListMoviesResponse(
            next_page_token=page.next_page_token,
            total_size=to_total(total),
            facets=[to_facet_counts(counts) for counts in facets],
        )
        # A movie that was deleted between the two queries is left out.
        found = [movies[movie_id] for movie_id in page.items if movie_id in movies]
        return serialized(movies_pb2.ListMoviesResponse, serialize_with(answer, "movies", found))

    async def CreateMovie(self, request: movies_pb2.CreateMovieRequest, context: Any) -> movies_pb2.CreateMovieResponse:
        """Makes a movie."""
        caller = current_principal().require_user()
        detail = await self._movie_writes.create_movie(new_movie_from(request), actor_id=caller)
        movie = await self._movie_replies.of(detail, caller=caller)
        return movies_pb2.CreateMovieResponse(movie=movie_pb2.Movie.FromString(movie))

    async def UpdateMovie(self, request: movies_pb2.UpdateMovieRequest, context: Any) -> movies_pb2.UpdateMovieResponse:
        """Changes a movie."""
        caller = current_principal().require_user()
        detail = await self._movie_writes.update_movie(
            MovieId(request.id), movie_changes_from(request), etag=request.movie.etag, actor_id=caller
        )
        movie = await self._movie_replies.of(detail, caller=caller)
        return movies_pb2.UpdateMovieResponse(movie=movie_pb2.Movie.FromString(movie))

    async def DeleteMovie(self, request: movies_pb2.DeleteMovieRequest, context: Any) -> movies_pb2.DeleteMovieResponse:
        """Removes a movie."""
        await self._movie_writes.delete_movie(
            MovieId(request.id), etag=request.etag, actor_id=current_principal().require_user()
        )
        return movies_pb2.DeleteMovieResponse()

    async def _find_id(self, request: movies_pb2.GetMovieRequest) -> MovieId:
        if request.HasField("tmdb_id"):
            return await self._catalog.get_movie_id(tmdb_id=request.tmdb_id)
        return await self._catalog.get_movie_id(imdb_id=request.imdb_id)

    async def _load(self, movie_ids: Collection[MovieId], view: View) -> dict[MovieId, bytes]:
        return await self._movie_replies.load(movie_ids, view=view or BASIC, caller=current_principal().user_id)
