"""Counts of the movies that match conditions: in total, and by genre, decade and language."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.api.query import Parameters
from service.catalog.movies.conditions import INT32_MAX, Condition, condition_sql
from service.catalog.movies.listing import planned_by_values
from service.database.orm import connection

EXACT_TOTAL = 10_000
"""The largest total that is counted exactly; a larger one is PostgreSQL's estimate."""
FACET_MOVIES = 50_000
"""Most movies that a facet counts, which limits its cost."""
FACET_VALUES = 100
# Dates at the ends of the calendar are stored as infinity, which has no year.
DECADE = "(extract(year FROM least(greatest(a.release_date, date '0001-01-01'), date '9999-12-31'))::int / 10 * 10)"


class Facet(enum.StrEnum):
    """A property to count movies by."""

    GENRE = "genre"
    DECADE = "decade"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Total:
    """A number of movies."""

    count: int
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet and its number of movies; `genre_id` is 0 unless it is a genre."""

    value: str
    count: int
    genre_id: int = 0


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """The values of a facet, the most frequent first."""

    facet: Facet
    values: Sequence[FacetValue]
    is_partial: bool
    """True if more than FACET_MOVIES movies match, of which only FACET_MOVIES are counted."""


VALUES = {
    Facet.GENRE: (
        "SELECT n.name AS value, n.id AS genre_id, count(*) AS count FROM matching AS a"
        " JOIN movie_genres AS g ON g.movie_id = a.id JOIN genres AS n ON n.id = g.genre_id GROUP BY n.id"
    ),
    Facet.DECADE: (
        f"SELECT {DECADE}::text AS value, 0 AS genre_id, count(*) AS count FROM matching AS a"  # noqa: S608 - a constant
        f" WHERE a.release_date IS NOT NULL GROUP BY {DECADE}"
    ),
    Facet.LANGUAGE: (
        "SELECT a.original_language AS value, 0 AS genre_id, count(*) AS count FROM matching AS a"
        " WHERE a.original_language IS NOT NULL GROUP BY a.original_language"
    ),
}
# Triggers maintain these counts of all movies of a genre.
GENRES = f"""
SELECT n.name AS value, n.id AS genre_id, c.count FROM genres AS n
JOIN (SELECT genre_id, sum(movies)::int AS count FROM genre_counts GROUP BY genre_id) AS c ON c.genre_id = n.id
WHERE c.count > 0 ORDER BY c.count DESC, n.name LIMIT {FACET_VALUES}
"""  # noqa: S608 - a constant


async def count_movies(conditions: Sequence[Condition]) -> Total:
    """Returns the number of movies that fulfil every condition; exact up to EXACT_TOTAL."""
    parameters = Parameters()
    matching = _matching("m.id", conditions, parameters)
    bounded = f"SELECT count(*) AS count FROM ({matching} LIMIT {EXACT_TOTAL + 1}) AS a"  # noqa: S608 - values are parameters
    async with planned_by_values():
        rows = await connection().execute_query_dict(bounded, parameters.values)
        if rows[0]["count"] <= EXACT_TOTAL:
            return Total(rows[0]["count"], is_estimate=False)
        plan = await connection().execute_query_dict(f"EXPLAIN (FORMAT JSON) {matching}", parameters.values)
    estimate = json.loads(plan[0]["QUERY PLAN"])[0]["Plan"]["Plan Rows"]
    return Total(min(max(estimate, EXACT_TOTAL + 1), INT32_MAX), is_estimate=True)


async def count_by(facet: Facet, conditions: Sequence[Condition]) -> FacetCounts:
    """Returns the number of movies that fulfil every condition, for each value of a facet.

    Counts at most FACET_MOVIES movies and returns at most FACET_VALUES values. Without conditions, genres have exact
    counts, which triggers maintain.
    """
    if facet is Facet.GENRE and not conditions:
        rows = await connection().execute_query_dict(GENRES)
        return FacetCounts(facet, _values(rows), is_partial=False)
    parameters = Parameters()
    matching = _matching("m.id, m.release_date, m.original_language", conditions, parameters)
    counted = (
        f"WITH found AS MATERIALIZED ({matching} LIMIT {FACET_MOVIES + 1}),"  # noqa: S608 - values are parameters
        f" matching AS (SELECT * FROM found LIMIT {FACET_MOVIES})"
        f" SELECT counted.*, (SELECT count(*) > {FACET_MOVIES} FROM found) AS is_partial"
        f" FROM ({VALUES[facet]}) AS counted ORDER BY count DESC, value LIMIT {FACET_VALUES}"
    )
    async with planned_by_values():
        rows = await connection().execute_query_dict(counted, parameters.values)
    return FacetCounts(facet, _values(rows), is_partial=bool(rows) and rows[0]["is_partial"])


def _values(rows: Sequence[Mapping[str, Any]]) -> list[FacetValue]:
    return [FacetValue(row["value"], row["count"], row["genre_id"]) for row in rows]


def _matching(columns: str, conditions: Sequence[Condition], parameters: Parameters) -> str:
    where = " AND ".join(condition_sql(condition, parameters) for condition in conditions)
    return f"SELECT {columns} FROM movies AS m" + (f" WHERE {where}" if where else "")  # noqa: S608 - values are parameters
