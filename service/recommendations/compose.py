"""Wiring of the recommendations domain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from marquee.recommendations.v1 import recommendations_pb2_grpc

from service.api.pagination import PageTokens
from service.caching.refreshed_value import RefreshedValue
from service.catalog.movies.service import Movies
from service.database.listener import Listener
from service.recommendations.catalogue_index import load_catalogue_index
from service.recommendations.dismissals import Dismissals
from service.recommendations.model.active_model import ActiveModel
from service.recommendations.ranking_tokens import RankingTokens
from service.recommendations.service import Recommendations
from service.recommendations.servicer import RecommendationsServicer
from service.recommendations.trending import load_trending_scores
from service.recommendations.user_history import UserHistories
from service.recommendations.values import TrendingWindow
from service.settings import Settings

CACHE_SHARE = 8
"""The cache of user histories has an eighth of the size of the response cache."""


@dataclass(frozen=True, slots=True)
class RecommendationsDomain:
    """The active model, which a server starts and closes, and the servicer."""

    active_model: ActiveModel
    servicer: RecommendationsServicer

    def register(self, server: Any) -> None:
        """Adds RecommendationsService to a gRPC server."""
        recommendations_pb2_grpc.add_RecommendationsServiceServicer_to_server(self.servicer, server)


def compose_recommendations(
    settings: Settings, *, movies: Movies, listener: Listener, page_tokens: PageTokens
) -> RecommendationsDomain:
    """Wires the domain."""
    active_model = ActiveModel(settings, listener=listener)
    recommendations = Recommendations(
        active_model=active_model,
        histories=UserHistories(max_bytes=settings.response_cache_bytes // CACHE_SHARE),
        ranking_tokens=RankingTokens(page_tokens),
        catalogue_index=RefreshedValue(load_catalogue_index),
        trending_scores={window: RefreshedValue(partial(load_trending_scores, window)) for window in TrendingWindow},
    )
    dismissals = Dismissals(page_tokens=page_tokens)
    return RecommendationsDomain(
        active_model,
        RecommendationsServicer(recommendations=recommendations, dismissals=dismissals, movies=movies),
    )
