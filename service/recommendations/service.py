"""What users might like: recommendations for one, movies like one, movies that many turn to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from service.api.pagination import Page, page_size
from service.auth.principal import UserId
from service.catalog.service import MovieId
from service.recommendations.catalogue_index import Floats, Mask, Shelf, Shelves
from service.recommendations.content import require_movie, resemblances
from service.recommendations.model.scoring import Contributions, ServingModel
from service.recommendations.ranked_pages import MAX_RANKED, MAX_SCORED, RankedPages
from service.recommendations.ranking import Ranking, best, history_of, reasons
from service.recommendations.trending import Trends
from service.recommendations.user_history import Tastes
from service.recommendations.values import Recommended, Scored, Taste, Wanted, Window


class Models(Protocol):
    """Where the worker's model of taste comes from."""

    def current(self) -> ServingModel | None:
        """Returns the active model; None while there is none."""


class Recommendations:
    """Recommends movies."""

    def __init__(self, *, models: Models, tastes: Tastes, pages: RankedPages, shelves: Shelves, trends: Trends) -> None:
        self._models = models
        self._tastes = tastes
        self._pages = pages
        self._shelves = shelves
        self._trends = trends
        self._ranking = Ranking()

    async def recommend_movies(
        self, user_id: UserId, wanted: Wanted, *, include_watchlist: bool, size: int, page_token: str
    ) -> Page[Recommended]:
        """Returns a page of what a user might like, the best first; size 0 is the default.

        Without a model it is what is rated well in general. Raises PageTokenInvalid.
        """
        limit = page_size(size)
        binding = ("RecommendMovies", user_id, wanted, include_watchlist)
        ranked = self._pages.read_ranked(page_token, binding=binding)
        taste, shelf = await self._tastes.get(user_id), await self._shelves.current()
        unwanted = taste.unwanted(include_watchlist=include_watchlist)
        contributions = self._contributions(taste)
        if ranked is None:
            among = shelf.admitted(wanted) & ~shelf.mask(unwanted)
            ranked = self._ranking.best(shelf, taste, contributions, among=among, limit=MAX_RANKED)
        else:
            # What the user did since the page before counts, too.
            ranked = [movie_id for movie_id in ranked if movie_id not in unwanted]
        return Page(
            _explained(shelf, taste, contributions, ranked[:limit]),
            self._pages.ranked_token(ranked[limit:], binding=binding),
        )

    async def list_similar_movies(
        self, movie_id: MovieId, wanted: Wanted, *, size: int, page_token: str
    ) -> Page[Scored]:
        """Returns a page of the movies that resemble one, the most similar first; size 0 is the default.

        Raises MovieNotFound, PageTokenInvalid.
        """
        limit = page_size(size)
        binding = ("ListSimilarMovies", movie_id, wanted)
        similar = self._pages.read_scored(page_token, binding=binding)
        await require_movie(movie_id)
        if similar is None:
            shelf = await self._shelves.current()
            scores = await self._similarities(shelf, movie_id)
            similar = _best_scored(shelf, scores, among=shelf.admitted(wanted) & (scores > 0))
        return Page(similar[:limit], self._pages.scored_token(similar[limit:], binding=binding))

    async def list_trending_movies(self, window: Window, wanted: Wanted, *, size: int, page_token: str) -> Page[Scored]:
        """Returns a page of what users turn to now, most first, and of what is rated well in general behind it.

        Size 0 is the default. Raises PageTokenInvalid.
        """
        limit = page_size(size)
        binding = ("ListTrendingMovies", window.name, wanted)
        trending = self._pages.read_scored(page_token, binding=binding)
        if trending is None:
            shelf, trend = await self._shelves.current(), await self._trends.current(window)
            scores = np.zeros(len(shelf.ids))
            places, known = shelf.find(trend.movie_ids)
            scores[places[known]] = trend.scores[known]
            trending = _best_scored(shelf, scores, among=shelf.admitted(wanted))
        return Page(trending[:limit], self._pages.scored_token(trending[limit:], binding=binding))

    def _contributions(self, taste: Taste) -> Contributions | None:
        """Returns what the model hears from a taste; None without a model, or from who did nothing."""
        model, history = self._models.current(), history_of(taste)
        return model.contributions(history) if model is not None and history else None

    async def _similarities(self, shelf: Shelf, movie_id: MovieId) -> Floats:
        """Returns how much every movie resembles one, by place: by the model, or by content when it knows none."""
        model = self._models.current()
        found = model.similar(movie_id, MAX_SCORED) if model is not None else []
        if not found:
            return await resemblances(shelf, movie_id)
        scores = np.zeros(len(shelf.ids))
        places, known = shelf.find(np.array([similar_id for similar_id, _ in found]))
        scores[places[known]] = np.array([similarity for _, similarity in found])[known]
        return scores


def _best_scored(shelf: Shelf, scores: Floats, *, among: Mask) -> list[Scored]:
    movie_ids = best(shelf, scores, among=among, limit=MAX_SCORED)
    places, _ = shelf.find(np.array(movie_ids, np.int64))
    return [Scored(*scored) for scored in zip(movie_ids, scores[places].tolist(), strict=True)]


def _explained(
    shelf: Shelf, taste: Taste, contributions: Contributions | None, movie_ids: Sequence[MovieId]
) -> list[Recommended]:
    because = reasons(shelf, taste, contributions, movie_ids)
    return [
        Recommended(movie_id, reason, movie_id in taste.watchlist)
        for movie_id, reason in zip(movie_ids, because, strict=True)
    ]
