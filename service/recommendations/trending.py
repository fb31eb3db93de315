"""What users turn to now: every interaction of a window, the older the less, added up by movie.

There is no table of sums: the indexes by time hold all that is read, which for a month of a million interactions takes
0.4 s (for a day of it 0.04 s) on one core, and each worker adds up a window again only when its sums are too old.
Writes pay nothing but the index, and who is erased, or takes something back, is gone from the next sums.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np

from service.database.orm import connection
from service.favorites.interactions import INTERACTIONS
from service.recommendations.catalogue_index import Floats, Ints
from service.recommendations.values import Window

# Rounded, for sums in another order of the same are the same.
SUMS = f"""
SELECT
    string_agg(int4send(movie_id), '' ORDER BY movie_id) AS movie_ids,
    string_agg(float8send(score), '' ORDER BY movie_id) AS scores
FROM (
    SELECT
        movie_id,
        round(sum(weight * power(2::float8, extract(epoch FROM created_at - now())::float8 / $2))::numeric, 9)::float8
            AS score
    FROM ({INTERACTIONS}) AS interactions
    WHERE created_at > now() - make_interval(secs => $1) AND created_at <= now()
    GROUP BY movie_id
) AS sums
"""  # noqa: S608 - constants of ours
HALVES = 4.0
"""Half-lives of a window."""


@dataclass(frozen=True, eq=False)
class Trend:
    """The movies that users turned to in a window."""

    movie_ids: Ints
    scores: Floats


class Trends:
    """Keeps the worker's trends, one a window."""

    def __init__(self) -> None:
        self._trends: dict[Window, tuple[Trend, float]] = {}
        self._locks = {window: asyncio.Lock() for window in Window}

    async def current(self, window: Window) -> Trend:
        """Returns a trend not older than the window allows; while one caller waits for that, others get the old one."""
        trend, good_until = self._trends.get(window, (None, 0.0))
        lock = self._locks[window]
        if trend is not None and (time.monotonic() < good_until or lock.locked()):
            return trend
        async with lock:
            trend, good_until = self._trends.get(window, (None, 0.0))
            if trend is None or time.monotonic() >= good_until:
                trend = await _add_up(window)
                self._trends[window] = (trend, time.monotonic() + window.max_age.total_seconds())
            return trend


async def _add_up(window: Window) -> Trend:
    seconds = window.span.total_seconds()
    _, rows = await connection().execute_query(SUMS, [seconds, seconds / HALVES])
    return Trend(
        np.frombuffer(rows[0]["movie_ids"] or b"", ">i4").astype(np.int64),
        np.frombuffer(rows[0]["scores"] or b"", ">f8").astype(np.float64),
    )
