"""Dismissed recommendations: movies that must not be recommended to a user."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from tortoise.exceptions import IntegrityError

from service.api.pagination import Page, PageTokens, page_size
from service.auth.principal import AccountGone, UserId
from service.catalog.errors import MovieNotFound
from service.catalog.service import MovieId
from service.database.orm import connection, violated_constraint
from service.recommendations.models import DismissedRecommendation
from service.recommendations.values import Dismissal

ENSURE = """
WITH added AS (
    INSERT INTO dismissed_recommendations (user_id, movie_id) VALUES ($1, $2)
    ON CONFLICT DO NOTHING RETURNING created_at
)
SELECT created_at FROM added
UNION ALL SELECT created_at FROM dismissed_recommendations WHERE user_id = $1 AND movie_id = $2
"""
RESTORE = """
WITH removed AS (DELETE FROM dismissed_recommendations WHERE user_id = $1 AND movie_id = $2)
SELECT id FROM movies WHERE id = $2
"""


class Dismissals:
    """Dismissals of users."""

    def __init__(self, *, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    async def dismiss_recommendation(self, user_id: UserId, movie_id: MovieId) -> Dismissal:
        """Dismisses a movie; a repeat returns the first dismissal. Raises MovieNotFound, AccountGone."""
        try:
            return Dismissal(movie_id, await _ensure_row(user_id, movie_id))
        except IntegrityError as error:
            if "user_id" in violated_constraint(error):
                raise AccountGone from error
            raise MovieNotFound(movie_id) from error

    async def restore_recommendation(self, user_id: UserId, movie_id: MovieId) -> None:
        """Removes a dismissal; it is no error if there is none. Raises MovieNotFound."""
        count, _ = await connection().execute_query(RESTORE, [user_id, movie_id])
        if not count:
            raise MovieNotFound(movie_id)

    async def list_dismissed_recommendations(self, user_id: UserId, *, size: int, page_token: str) -> Page[Dismissal]:
        """Returns a page of the dismissals of a user, the newest first; size 0 is the default.

        Raises PageTokenInvalid.
        """
        limit = page_size(size)
        binding = ("ListDismissedRecommendations", user_id)
        position = self._page_tokens.read(page_token, binding=binding)
        query = DismissedRecommendation.filter(user_id=user_id)
        if position is not None:
            query = query.filter(id__lt=position[0])
        rows = await query.order_by("-id").limit(limit + 1).values_list("id", "movie_id", "created_at")
        page = rows[:limit]
        return Page(
            [Dismissal(MovieId(movie_id), created_at) for _, movie_id, created_at in page],
            self._page_tokens.make([page[-1][0]], binding=binding) if len(rows) > limit else "",
        )


async def _ensure_row(user_id: UserId, movie_id: MovieId) -> datetime:
    """Creates the row if it does not exist, and returns its time of creation."""
    while True:
        _, rows = await connection().execute_query(ENSURE, [user_id, movie_id])
        if rows:
            return cast("datetime", rows[0]["created_at"])
        # A concurrent call created the row after this statement began: the next attempt sees it or creates it again.
