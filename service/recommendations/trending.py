"""Trending scores: for each movie, the sum of its interactions in a time window; older ones count less.

There is no table of sums. The indexes by time hold all columns of the query; on one core it takes 0.4 s for a month of
a million interactions and 0.04 s for a day of it, and each worker repeats it only when its scores are too old. So the
only cost of a write is the index, and interactions of erased users or removed ones are not in the next sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.database.orm import connection
from service.favorites.interactions import INTERACTIONS
from service.recommendations.catalogue_index import Floats, Ints
from service.recommendations.values import TrendingWindow

# Rounded, because the sum of floats depends on their order.
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
"""  # noqa: S608 - constants
HALF_LIVES = 4.0
"""Number of half-lives in a window."""


@dataclass(frozen=True, eq=False)
class TrendingScores:
    """Movies with interactions in a window, and their scores."""

    movie_ids: Ints
    scores: Floats


async def load_trending_scores(window: TrendingWindow) -> tuple[TrendingScores, float]:
    """Returns the scores of a window, and the number of seconds after which they expire."""
    seconds = window.span.total_seconds()
    _, rows = await connection().execute_query(SUMS, [seconds, seconds / HALF_LIVES])
    scores = TrendingScores(
        np.frombuffer(rows[0]["movie_ids"] or b"", ">i4").astype(np.int64),
        np.frombuffer(rows[0]["scores"] or b"", ">f8").astype(np.float64),
    )
    return scores, window.max_age.total_seconds()
