"""Ratings and reviews of users, and the totals of each movie, which triggers update in the same transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, TypeAlias

from tortoise.exceptions import IntegrityError

from service.api.etags import EtagStale, require_etag
from service.api.pagination import Page, PageTokens
from service.auth.principal import UserId
from service.catalog.service import MovieId
from service.database.orm import connection, fetch, violated_constraint
from service.favorites import listing
from service.favorites.errors import MovieNotFound, RatingExists, RatingNotFound
from service.favorites.interactions import state_from
from service.favorites.listing import ListFilter
from service.favorites.service import missing_reference
from service.favorites.values import ListedRating, Rating, RatingChanges, RatingTotals, Review

Announce: TypeAlias = Callable[[Collection[MovieId]], Awaitable[None]]
"""Invalidates cached responses for movies whose ratings changed."""
COLUMNS = "id, movie_id, rating, review, created_at, updated_at, row_version"
ONE = "WHERE user_id = $1 AND movie_id = $2"
IN_VERSION = f"{ONE} AND ($3::text = '' OR id || '-' || row_version = $3)"
# The statements consist of the constants above; values are parameters.
GET = f"SELECT {COLUMNS} FROM movie_ratings {ONE}"  # noqa: S608
RATE = f"INSERT INTO movie_ratings (user_id, movie_id, rating, review) VALUES ($1, $2, $3, $4) RETURNING {COLUMNS}"  # noqa: S608
UPSERT = f"""
INSERT INTO movie_ratings AS r (user_id, movie_id, rating, review) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id, movie_id) DO UPDATE
SET rating = coalesce($5::smallint, r.rating), review = coalesce($6::text, r.review) RETURNING {COLUMNS}
"""  # noqa: S608
UPDATE = f"""
UPDATE movie_ratings SET rating = coalesce($4::smallint, rating), review = coalesce($5::text, review)
{IN_VERSION} RETURNING {COLUMNS}
"""  # noqa: S608
DELETE = f"DELETE FROM movie_ratings {IN_VERSION}"  # noqa: S608
TOTALS = """
SELECT coalesce(s.rating_count, 0) AS count, coalesce(s.rating_sum, 0) AS total,
    ARRAY[s.rating_1, s.rating_2, s.rating_3, s.rating_4, s.rating_5] AS distribution
FROM movies AS m LEFT JOIN movie_stats AS s ON s.movie_id = m.id WHERE m.id = $1
"""


class Ratings:
    """The ratings of users."""

    def __init__(self, *, page_tokens: PageTokens, announce: Announce) -> None:
        self._page_tokens = page_tokens
        self._announce = announce

    async def rate_movie(self, user_id: UserId, movie_id: MovieId, *, rating: int, review: str) -> Rating:
        """Creates a user's rating of a movie. Raises RatingExists, MovieNotFound, AccountGone."""
        try:
            created = await _one(RATE, user_id, movie_id, rating, review)
        except IntegrityError as error:
            if violated_constraint(error).startswith("uid_"):
                raise RatingExists(movie_id) from error
            raise missing_reference(error, movie_id) from error
        await self._announce([movie_id])
        return _require(created, movie_id)

    async def update_rating(
        self, user_id: UserId, movie_id: MovieId, changes: RatingChanges, *, etag: str = ""
    ) -> Rating:
        """Changes a user's rating of a movie if it still has the version of the etag; an empty etag matches any.

        Raises RatingNotFound, EtagStale.
        """
        if changes == RatingChanges():
            rating = await self.get_rating(user_id, movie_id)
            require_etag(etag, rating)
            return rating
        changed = await _one(UPDATE, user_id, movie_id, etag, changes.rating, changes.review)
        if changed is None:
            raise await self._missed(user_id, movie_id, etag)
        if changes.rating is not None:
            await self._announce([movie_id])
        return changed

    async def ensure_rating(
        self, user_id: UserId, movie_id: MovieId, changes: RatingChanges, *, rating: int, review: str
    ) -> Rating:
        """Changes a user's rating of a movie, or creates it with the given rating and review.

        Raises MovieNotFound, AccountGone.
        """
        try:
            written = await _one(UPSERT, user_id, movie_id, rating, review, changes.rating, changes.review)
        except IntegrityError as error:
            raise missing_reference(error, movie_id) from error
        await self._announce([movie_id])
        return _require(written, movie_id)

    async def delete_rating(self, user_id: UserId, movie_id: MovieId, *, etag: str = "") -> None:
        """Deletes a user's rating of a movie if it still has the version of the etag; an empty etag matches any.

        Raises RatingNotFound, EtagStale.
        """
        removed, _ = await connection().execute_query(DELETE, [user_id, movie_id, etag])
        if not removed:
            raise await self._missed(user_id, movie_id, etag)
        await self._announce([movie_id])

    async def get_rating(self, user_id: UserId, movie_id: MovieId) -> Rating:
        """Returns a user's rating of a movie; raises RatingNotFound."""
        return _require(await _one(GET, user_id, movie_id), movie_id)

    async def list_ratings(
        self, user_id: UserId, wanted: ListFilter, *, size: int, page_token: str, order_by: str
    ) -> Page[ListedRating]:
        """Returns a page of a user's ratings, in a published order; size 0 is the default.

        Raises OrderByInvalid, PageTokenInvalid.
        """
        rows, token = await listing.list_rows(
            listing.RATINGS,
            user_id,
            wanted,
            size=size,
            page_token=page_token,
            order_by=order_by,
            tokens=self._page_tokens,
        )
        return Page([ListedRating(_rating(row), state_from(row)) for row in rows], token)

    async def list_movie_reviews(
        self, movie_id: MovieId, wanted: ListFilter, *, size: int, page_token: str, order_by: str
    ) -> Page[Review]:
        """Returns a page of the reviews by active users, in a published order; size 0 is the default.

        Raises MovieNotFound, OrderByInvalid, PageTokenInvalid.
        """
        rows, token = await listing.list_rows(
            listing.REVIEWS,
            movie_id,
            wanted,
            size=size,
            page_token=page_token,
            order_by=order_by,
            tokens=self._page_tokens,
        )
        if not rows:
            await self.get_rating_summary(movie_id)
        shown = ("rating", "review", "author", "created_at", "updated_at")
        return Page([Review(*(row[name] for name in shown)) for row in rows], token)

    async def get_rating_summary(self, movie_id: MovieId) -> RatingTotals:
        """Returns the totals of all ratings of a movie; raises MovieNotFound."""
        rows = await fetch(TOTALS, movie_id)
        if not rows:
            raise MovieNotFound(movie_id)
        (row,) = rows
        return RatingTotals(movie_id, row["count"], row["total"], [number or 0 for number in row["distribution"]])

    async def _missed(self, user_id: UserId, movie_id: MovieId, etag: str) -> RatingNotFound | EtagStale:
        """Returns why a write found no row of the version that it asked for."""
        return EtagStale() if etag and await _one(GET, user_id, movie_id) else RatingNotFound(movie_id)


async def _one(statement: str, *values: Any) -> Rating | None:
    rows = await fetch(statement, *values)
    return _rating(rows[0]) if rows else None


def _require(rating: Rating | None, movie_id: MovieId) -> Rating:
    if rating is None:
        raise RatingNotFound(movie_id)
    return rating


def _rating(row: Mapping[str, Any]) -> Rating:
    return Rating(
        row["id"],
        MovieId(row["movie_id"]),
        row["rating"],
        row["review"],
        row["created_at"],
        row["updated_at"],
        row["row_version"],
    )
