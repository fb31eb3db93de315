"""Housekeeping jobs: each deletes rows that are no longer needed, in batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise import Model

BATCH = 200
"""Rows of one batch."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Job:
    """A job with a unique name."""

    name: str
    run: Callable[[], Awaitable[int]]
    """Deletes one bounded batch and returns its size; 0 when nothing is left."""


async def delete_expired(model: type[Model], column: str, *, after: timedelta = timedelta()) -> int:
    """Deletes one batch of the rows whose time in `column` passed longer ago than `after`; returns their number."""
    expired = model.filter(**{f"{column}__lt": datetime.now(UTC) - after})
    keys = [row.pk for row in await expired.limit(BATCH)]
    # The condition is repeated, because another transaction may have renewed a row meanwhile.
    return await expired.filter(pk__in=keys).delete() if keys else 0
