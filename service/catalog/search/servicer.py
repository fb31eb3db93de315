"""The rpcs that search."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from marquee.catalog.v1 import catalog_pb2_grpc, search_pb2

from service.catalog import convert
from service.catalog.search.convert import to_movie_match, to_person_match, to_suggestion
from service.catalog.search.service import Search
from service.catalog.service import MovieDetail, ViewerStates


class SearchServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Messages to arguments and back."""

    _search: Search
    _viewer: Callable[[Collection[MovieDetail]], Awaitable[ViewerStates | None]]

    async def SearchMovies(
        self, request: search_pb2.SearchMoviesRequest, context: Any
    ) -> search_pb2.SearchMoviesResponse:
        """Finds movies."""
        page = await self._search.search_movies(request.query, size=request.page_size, page_token=request.page_token)
        details = [match.detail for match in page.items]
        movies = convert.to_listed_movies(details, await self._viewer(details), view=request.view)
        return search_pb2.SearchMoviesResponse(
            results=[to_movie_match(match, movie) for match, movie in zip(page.items, movies, strict=True)],
            next_page_token=page.next_page_token,
        )

    async def SearchPersons(
        self, request: search_pb2.SearchPersonsRequest, context: Any
    ) -> search_pb2.SearchPersonsResponse:
        """Finds people."""
        page = await self._search.search_persons(request.query, size=request.page_size, page_token=request.page_token)
        return search_pb2.SearchPersonsResponse(
            results=[to_person_match(match) for match in page.items], next_page_token=page.next_page_token
        )

    async def SuggestTitles(
        self, request: search_pb2.SuggestTitlesRequest, context: Any
    ) -> search_pb2.SuggestTitlesResponse:
        """Offers titles."""
        suggestions = await self._search.suggest_titles(request.prefix, limit=request.limit)
        return search_pb2.SuggestTitlesResponse(suggestions=[to_suggestion(one) for one in suggestions])
