"""The services of recommendations, wired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marquee.recommendations.v1 import recommendations_pb2_grpc

from service.api.pagination import PageTokens
from service.catalog.movies.service import Movies
from service.database.listener import Listener
from service.recommendations.catalogue_index import Shelves
from service.recommendations.dismissals import Dismissals
from service.recommendations.model.active_model import ActiveModel
from service.recommendations.ranked_pages import RankedPages
from service.recommendations.service import Recommendations
from service.recommendations.servicer import RecommendationsServicer
from service.recommendations.trending import Trends
from service.recommendations.user_history import Tastes
from service.settings import Settings

CACHE_SHARE = 8
"""The cache of users' histories gets this part of the bytes of the response cache."""


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
        models=active_model,
        tastes=Tastes(max_bytes=settings.response_cache_bytes // CACHE_SHARE),
        pages=RankedPages(page_tokens),
        shelves=Shelves(),
        trends=Trends(),
    )
    dismissals = Dismissals(page_tokens=page_tokens)
    return RecommendationsDomain(
        active_model,
        RecommendationsServicer(recommendations=recommendations, dismissals=dismissals, movies=movies),
    )
