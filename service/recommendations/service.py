"""Recommended, similar and trending movies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from service.api.pagination import Page, page_size
from service.auth.principal import UserId
from service.caching.refreshed_value import RefreshedValue
from service.catalog.service import MovieId
from service.recommendations.catalogue_index import CatalogueIndex, Floats, Mask
from service.recommendations.content_similarity import content_similarities, require_movie
from service.recommendations.model.active_model import ActiveModel
from service.recommendations.model.scoring import Contributions
from service.recommendations.ranking import Ranking, best_movies, explain, weigh_history
from service.recommendations.ranking_tokens import MAX_RANKED, MAX_SCORED, RankingTokens
from service.recommendations.trending import TrendingScores
from service.recommendations.user_history import UserHistories
from service.recommendations.values import (
    Recommendation,
    RecommendationFilter,
    ScoredMovie,
    TrendingWindow,
    UserHistory,
)


class Recommendations:
    """Recommends movies."""

    def __init__(
        self,
        *,
        active_model: ActiveModel,
        histories: UserHistories,
        ranking_tokens: RankingTokens,
        catalogue_index: RefreshedValue[CatalogueIndex],
        trending_scores: Mapping[TrendingWindow, RefreshedValue[TrendingScores]],
    ) -> None:
        self._active_model = active_model
        self._histories = histories
        self._ranking_tokens = ranking_tokens
        self._catalogue_index = catalogue_index
        self._trending_scores = trending_scores
        self._ranking = Ranking()

    async def recommend_movies(
        self, user_id: UserId, filter_: RecommendationFilter, *, include_watchlist: bool, size: int, page_token: str
    ) -> Page[Recommendation]:
        """Returns a page of recommendations for a user, the best first; size 0 is the default.

        Without a model it contains the movies with the highest quality. Raises PageTokenInvalid.
        """
        limit = page_size(size)
        binding = ("RecommendMovies", user_id, filter_, include_watchlist)
        ranked = self._ranking_tokens.read_ranked(page_token, binding=binding)
        history, index = await self._histories.get(user_id), await self._catalogue_index.get()
        excluded = history.excluded_movies(include_watchlist=include_watchlist)
        contributions = self._contributions(history)
        if ranked is None:
            among = index.matching(filter_) & ~index.mask(excluded)
            ranked = self._ranking.best(index, history, contributions, among=among, limit=MAX_RANKED)
        else:
            # Interactions after the previous page count, too.
            ranked = [movie_id for movie_id in ranked if movie_id not in excluded]
        page = ranked[:limit]
        reasons = explain(index, history, contributions, page)
        return Page(
            [
                Recommendation(movie_id, reason, movie_id in history.watchlist)
                for movie_id, reason in zip(page, reasons, strict=True)
            ],
            self._ranking_tokens.make_ranked(ranked[limit:], binding=binding),
        )

    async def list_similar_movies(
        self, movie_id: MovieId, filter_: RecommendationFilter, *, size: int, page_token: str
    ) -> Page[ScoredMovie]:
        """Returns a page of movies that are similar to one, the most similar first; size 0 is the default.

        Raises MovieNotFound, PageTokenInvalid.
        """
        limit = page_size(size)
        binding = ("ListSimilarMovies", movie_id, filter_)
        similar = self._ranking_tokens.read_scored(page_token, binding=binding)
        await require_movie(movie_id)
        if similar is None:
            index = await self._catalogue_index.get()
            scores = await self._similarities(index, movie_id)
            similar = _best_scored(index, scores, among=index.matching(filter_) & (scores > 0))
        return Page(similar[:limit], self._ranking_tokens.make_scored(similar[limit:], binding=binding))

    async def list_trending_movies(
        self, window: TrendingWindow, filter_: RecommendationFilter, *, size: int, page_token: str
    ) -> Page[ScoredMovie]:
        """Returns a page of movies by their trending score, then by quality; size 0 is the default.

        Raises PageTokenInvalid.
        """
        limit = page_size(size)
        binding = ("ListTrendingMovies", window.name, filter_)
        trending = self._ranking_tokens.read_scored(page_token, binding=binding)
        if trending is None:
            index, window_scores = await self._catalogue_index.get(), await self._trending_scores[window].get()
            scores = np.zeros(len(index.ids))
            positions, known = index.find(window_scores.movie_ids)
            scores[positions[known]] = window_scores.scores[known]
            trending = _best_scored(index, scores, among=index.matching(filter_))
        return Page(trending[:limit], self._ranking_tokens.make_scored(trending[limit:], binding=binding))

    def _contributions(self, history: UserHistory) -> Contributions | None:
        """Returns the contributions of a history; None without a model or with an empty history."""
        model, weights = self._active_model.current(), weigh_history(history)
        return model.contributions(weights) if model is not None and weights else None

    async def _similarities(self, index: CatalogueIndex, movie_id: MovieId) -> Floats:
        """Returns the similarity of every movie to one: from the model, or by content if the model has none."""
        model = self._active_model.current()
        similar = model.similar(movie_id, MAX_SCORED) if model is not None else []
        if not similar:
            return await content_similarities(index, movie_id)
        scores = np.zeros(len(index.ids))
        positions, known = index.find(np.array([similar_id for similar_id, _ in similar]))
        scores[positions[known]] = np.array([similarity for _, similarity in similar])[known]
        return scores


def _best_scored(index: CatalogueIndex, scores: Floats, *, among: Mask) -> list[ScoredMovie]:
    movie_ids = best_movies(index, scores, among=among, limit=MAX_SCORED)
    positions, _ = index.find(np.array(movie_ids, np.int64))
    return [ScoredMovie(*scored) for scored in zip(movie_ids, scores[positions].tolist(), strict=True)]
