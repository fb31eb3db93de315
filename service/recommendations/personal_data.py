"""Personal data of users in recommendations: their dismissals."""

from __future__ import annotations

from collections.abc import AsyncIterator

from service.auth.principal import UserId
from service.recommendations.models import DismissedRecommendation
from service.users.exports import Exported, ExportedDismissal
from service.users.privacy import in_batches


class RecommendationsData:
    """Exports and erases the dismissals of a user."""

    tables = ("dismissed_recommendations",)

    async def export(self, user_id: UserId) -> AsyncIterator[Exported]:
        """Yields the dismissals of the user."""
        rows = DismissedRecommendation.filter(user_id=user_id)
        async for row in in_batches(rows, "movie_id", "movie__title", "created_at"):
            yield ExportedDismissal(*row)

    async def erase(self, user_id: UserId) -> None:
        """Deletes the dismissals of the user."""
        await DismissedRecommendation.filter(user_id=user_id).delete()
