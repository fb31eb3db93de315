"""Catalogue index: properties of all movies in arrays, which filter and order movies without a query.

A worker reads it on the first use and again after a minute, or later if reading takes longer than a fiftieth of that,
so that a large catalogue is not read all the time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.database.orm import connection
from service.recommendations.model.scoring import find_positions
from service.recommendations.values import RecommendationFilter

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Positions: TypeAlias = NDArray[np.intp]

MAX_AGE = 60.0
"""In seconds."""
READING_SHARE = 50.0
"""Minimum age relative to the time that reading takes."""
LANGUAGE_BYTES = 10
TIE_BREAKER = 1e-7
"""Largest difference of scores that count as equal."""
# Each column is one value: numbers in network byte order, which become arrays without a Python object for each.
MOVIES = f"""
SELECT m.*, g.*, n.* FROM (
    SELECT
        string_agg(int4send(id), '' ORDER BY id) AS ids,
        string_agg(int4send(coalesce(extract(year FROM release_date)::int, 0)), '' ORDER BY id) AS years,
        string_agg(
            substr(convert_to(rpad(coalesce(original_language, ''), {LANGUAGE_BYTES}), 'UTF8'), 1, {LANGUAGE_BYTES}),
            '' ORDER BY id
        ) AS languages,
        string_agg(float8send(popularity), '' ORDER BY id) AS popularity,
        string_agg(int4send(vote_count + coalesce(rating_count, 0)), '' ORDER BY id) AS votes,
        -- Own ratings from 1 to 5 are scaled to imported votes from 0 to 10.
        string_agg(
            float8send(vote_count * vote_average + 2.5 * (coalesce(rating_sum, 0) - coalesce(rating_count, 0))),
            '' ORDER BY id
        ) AS vote_sums
    FROM movies LEFT JOIN movie_stats ON movie_id = id
) AS m, (
    SELECT string_agg(int4send(movie_id), '' ORDER BY id) AS genre_movies,
        string_agg(int4send(genre_id), '' ORDER BY id) AS genres
    FROM movie_genres
) AS g, (
    SELECT array_agg(id) AS genre_ids, array_agg(name) AS genre_names FROM genres
) AS n
"""  # noqa: S608 - a constant number


@dataclass(frozen=True, eq=False)
class CatalogueIndex:
    """All movies at one moment, ascending by id. It never changes. A position is an index into its arrays."""

    ids: Ints
    years: Ints
    """0 without a release date."""
    languages: NDArray[np.bytes_]
    quality: Floats
    """Bayesian average of all votes, scaled from 0 (lowest of the catalogue) to 1 (highest)."""
    rank: Floats
    """Rank by quality, popularity and id, from 0 to below 1; it is unique."""
    by_genre: Mapping[int, Positions]
    """Positions of the movies of each genre that has movies."""
    genre_counts: Ints
    """Number of genres of each movie."""
    genre_names: Mapping[int, str]
    tie_breakers: Floats = field(init=False)
    """Part of a score that comes from the rank. It is small, so it matters only between equal scores."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tie_breakers", TIE_BREAKER * self.rank)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> CatalogueIndex:
        """Returns the index of the row of MOVIES."""
        ids = _integers(row["ids"])
        quality, rank = _quality(_integers(row["votes"]), _floats(row["vote_sums"]), _floats(row["popularity"]))
        positions, known = find_positions(ids, _integers(row["genre_movies"]))
        return cls(
            ids=ids,
            years=_integers(row["years"]),
            languages=np.frombuffer(row["languages"] or b"", f"S{LANGUAGE_BYTES}"),
            quality=quality,
            rank=rank,
            by_genre=_group(positions[known], by=_integers(row["genres"])[known]),
            genre_counts=np.bincount(positions[known], minlength=len(ids)),
            genre_names=dict(zip(row["genre_ids"] or (), row["genre_names"] or (), strict=True)),
        )

    def find(self, movie_ids: Any) -> tuple[Positions, Mask]:
        """Returns the positions of movies, and which movies are in the index; other positions are arbitrary."""
        return find_positions(self.ids, movie_ids)

    def mask(self, movie_ids: Collection[int]) -> Mask:
        """Returns a mask of these movies."""
        mask = np.zeros(len(self.ids), bool)
        positions, known = self.find(np.fromiter(movie_ids, np.int64, len(movie_ids)))
        mask[positions[known]] = True
        return mask

    def of_genres(self, genre_ids: Collection[int]) -> Mask:
        """Returns a mask of the movies that have at least one of these genres."""
        mask = np.zeros(len(self.ids), bool)
        for genre_id in genre_ids:
            if genre_id in self.by_genre:
                mask[self.by_genre[genre_id]] = True
        return mask

    def matching(self, filter_: RecommendationFilter) -> Mask:
        """Returns a mask of the movies that match a filter."""
        mask = np.ones(len(self.ids), bool)
        if filter_.genre_ids_any:
            mask &= self.of_genres(filter_.genre_ids_any)
        if filter_.genre_ids_none:
            mask &= ~self.of_genres(filter_.genre_ids_none)
        if filter_.year_from or filter_.year_to:
            mask &= self.years != 0
        if filter_.year_from:
            mask &= self.years >= filter_.year_from
        if filter_.year_to:
            mask &= self.years <= filter_.year_to
        if filter_.language:
            mask &= self.languages == filter_.language.encode().ljust(LANGUAGE_BYTES)
        return mask


async def load_catalogue_index() -> tuple[CatalogueIndex, float]:
    """Returns the index of all movies, and the number of seconds after which it expires."""
    start = time.monotonic()
    rows = await connection().execute_query_dict(MOVIES)
    index = await asyncio.to_thread(CatalogueIndex.from_row, rows[0])
    return index, max(MAX_AGE, (time.monotonic() - start) * READING_SHARE)


def _quality(votes: Ints, vote_sums: Floats, popularity: Floats) -> tuple[Floats, Floats]:
    """Returns the scaled Bayesian averages and the ranks.

    The prior of each movie is the average of all votes, with the weight of the mean number of votes of a movie that has
    votes. So a single enthusiastic vote does not outweigh thousands.
    """
    total = votes.sum()
    prior = total / max(1, np.count_nonzero(votes))
    mean = vote_sums.sum() / total if total else 0.0
    average = (vote_sums + prior * mean) / (votes + (prior or 1.0))
    lowest, highest = (average.min(), average.max()) if len(average) else (0.0, 0.0)
    quality = (average - lowest) / ((highest - lowest) or 1.0)
    rank = np.empty(len(votes))
    rank[np.lexsort((popularity, quality))] = np.arange(len(votes)) / max(1, len(votes))
    return quality, rank


def _group(positions: Positions, *, by: Ints) -> dict[int, Positions]:
    order = np.argsort(by, kind="stable")
    genres, starts = np.unique(by[order], return_index=True)
    return dict(zip(genres.tolist(), np.split(positions[order], starts[1:]), strict=True)) if len(genres) else {}


def _integers(column: bytes | None) -> Ints:
    return np.frombuffer(column or b"", ">i4").astype(np.int64)


def _floats(column: bytes | None) -> Floats:
    return np.frombuffer(column or b"", ">f8").astype(np.float64)
