"""Lists of movies: pages, totals and facets of what a filter admits."""

from __future__ import annotations

from service.api.pagination import Page, PageTokens, page_size
from service.caching.page_cache import PageCache
from service.catalog.movies import counting, listing
from service.catalog.movies.counting import Facet, FacetCounts, Total
from service.catalog.movies.filters import MovieFilter
from service.catalog.movies.ordering import Order
from service.catalog.service import MovieId


class Movies:
    """The movies of the catalogue."""

    def __init__(self, *, page_tokens: PageTokens, pages: PageCache[Page[MovieId]]) -> None:
        self._page_tokens = page_tokens
        self.pages = pages

    async def list_movies(self, wanted: MovieFilter, *, size: int, page_token: str, order_by: str) -> Page[MovieId]:
        """Returns a page of the ids of the movies that a filter admits, in a published order; size 0 is the default.

        Raises FilterInvalid, OrderByInvalid, PageTokenInvalid.
        """
        limit = page_size(size)
        return await self.pages.get(
            (wanted, limit, page_token, order_by),
            lambda: self._read_page(wanted, limit, page_token, order_by),
            # Pages are told of changed movies, not of ratings.
            keeps="rating" not in order_by and not wanted.asks_for_ratings,
        )

    async def _read_page(self, wanted: MovieFilter, limit: int, page_token: str, order_by: str) -> Page[MovieId]:
        order, conditions = Order.parse(order_by), wanted.conditions()
        binding = ("ListMovies", order, *conditions)
        position = self._page_tokens.read(page_token, binding=binding)
        rows = await listing.list_ids(conditions, order, after=position, limit=limit + 1)
        page, more = rows[:limit], len(rows) > limit
        return Page(
            [MovieId(movie_id) for movie_id, _ in page],
            self._page_tokens.make(page[-1][1], binding=binding) if more else "",
        )

    async def count_movies(self, wanted: MovieFilter) -> Total:
        """Returns how many movies a filter admits, exactly up to 10,000; raises FilterInvalid."""
        return await counting.count_movies(wanted.conditions())

    async def count_by(self, facet: Facet, wanted: MovieFilter) -> FacetCounts:
        """Returns how the movies that a filter admits spread over a facet's values; raises FilterInvalid."""
        return await counting.count_by(facet, wanted.conditions())
