"""What users told about recommendations, as their personal data."""

from __future__ import annotations

from collections.abc import AsyncIterator

from service.auth.principal import UserId
from service.recommendations.models import DismissedRecommendation
from service.users.exports import Exported, ExportedDismissal
from service.users.privacy import in_batches


class RecommendationsData:
    """A user's dismissed recommendations."""

    tables = ("dismissed_recommendations",)

    async def export(self, user_id: UserId) -> AsyncIterator[Exported]:
        """Yields the dismissals."""
        rows = DismissedRecommendation.filter(user_id=user_id)
        async for row in in_batches(rows, "movie_id", "movie__title", "created_at"):
            yield ExportedDismissal(*row)

    async def erase(self, user_id: UserId) -> None:
        """Removes the dismissals."""
        await DismissedRecommendation.filter(user_id=user_id).delete()
