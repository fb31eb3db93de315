"""Rpcs that search."""

from __future__ import annotations

from typing import Any

from marquee.catalog.v1 import catalog_pb2_grpc, search_pb2

from service.api.protobuf import serialize_with, serialized
from service.auth.principal import current_principal
from service.catalog.convert import BASIC, serialize_movies
from service.catalog.search.convert import to_movie_match, to_person_match, to_suggestion
from service.catalog.services import CatalogServices


class SearchServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Converts messages to arguments and back."""

    services: CatalogServices

    async def SearchMovies(
        self, request: search_pb2.SearchMoviesRequest, context: Any
    ) -> search_pb2.SearchMoviesResponse:
        """Finds movies."""
        page = await self.services.search.search_movies(
            request.query, size=request.page_size, page_token=request.page_token
        )
        responses = await self.services.movies.batch_get_movies(
            [match.movie_id for match in page.items], caller=current_principal().user_id
        )
        movies = serialize_movies(responses, view=request.view or BASIC)
        # A movie that was deleted between the queries is left out.
        found = [to_movie_match(match, movies[match.movie_id]) for match in page.items if match.movie_id in movies]
        answer = search_pb2.SearchMoviesResponse(next_page_token=page.next_page_token)
        return serialized(search_pb2.SearchMoviesResponse, serialize_with(answer, "results", found))

    async def SearchPersons(
        self, request: search_pb2.SearchPersonsRequest, context: Any
    ) -> search_pb2.SearchPersonsResponse:
        """Finds people."""
        page = await self.services.search.search_persons(
            request.query, size=request.page_size, page_token=request.page_token
        )
        return search_pb2.SearchPersonsResponse(
            results=[to_person_match(match) for match in page.items], next_page_token=page.next_page_token
        )

    async def SuggestTitles(
        self, request: search_pb2.SuggestTitlesRequest, context: Any
    ) -> search_pb2.SuggestTitlesResponse:
        """Suggests titles."""
        suggestions = await self.services.search.suggest_titles(request.prefix, limit=request.limit)
        return search_pb2.SuggestTitlesResponse(suggestions=[to_suggestion(one) for one in suggestions])
