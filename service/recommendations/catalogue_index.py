"""What recommendations know of every movie, in arrays: filters and orders that need no query.

A worker reads it from the database when it is first asked for and again when it is a minute old, or older for as long
as reading takes a fiftieth of that: a large catalogue is not read all the time.
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
from service.recommendations.values import Wanted

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.intp]

MAX_AGE = 60.0
READING_SHARE = 50.0
LANGUAGE_BYTES = 10
TIE = 1e-7
# Each column is one value: numbers in network order, which become arrays without an object for each.
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
        -- Own ratings of 1 to 5 weigh as imported votes of 0 to 10 do.
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
"""  # noqa: S608 - a constant of ours


@dataclass(frozen=True, eq=False)
class Shelf:
    """All movies at one moment, ascending by id; nothing of it changes. A place is an index of its arrays."""

    ids: Ints
    years: Ints
    """0 without a date."""
    languages: NDArray[np.bytes_]
    quality: Floats
    """Bayesian average of all votes, 0 for the least to 1 for the best of the catalogue."""
    standing: Floats
    """The place in the order by quality, popularity and id, from 0 to below 1: no two have the same."""
    by_genre: Mapping[int, Places]
    """Places of the movies of each genre that has any."""
    genre_counts: Ints
    """How many genres each movie has."""
    genre_names: Mapping[int, str]
    ties: Floats = field(init=False)
    """What of a score the standing makes: too little to matter where scores differ."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ties", TIE * self.standing)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Shelf:
        """Reads the row of the statement above."""
        ids = _integers(row["ids"])
        quality, standing = _quality(_integers(row["votes"]), _floats(row["vote_sums"]), _floats(row["popularity"]))
        places, known = find_positions(ids, _integers(row["genre_movies"]))
        return cls(
            ids=ids,
            years=_integers(row["years"]),
            languages=np.frombuffer(row["languages"] or b"", f"S{LANGUAGE_BYTES}"),
            quality=quality,
            standing=standing,
            by_genre=_grouped(places[known], by=_integers(row["genres"])[known]),
            genre_counts=np.bincount(places[known], minlength=len(ids)),
            genre_names=dict(zip(row["genre_ids"] or (), row["genre_names"] or (), strict=True)),
        )

    def find(self, movie_ids: Any) -> tuple[Places, Mask]:
        """Returns the places of movies, and which of them are here; the place of one that is not means nothing."""
        return find_positions(self.ids, movie_ids)

    def mask(self, movie_ids: Collection[int]) -> Mask:
        """Returns which movies are among these."""
        mask = np.zeros(len(self.ids), bool)
        places, known = self.find(np.fromiter(movie_ids, np.int64, len(movie_ids)))
        mask[places[known]] = True
        return mask

    def of_genres(self, genre_ids: Collection[int]) -> Mask:
        """Returns which movies have at least one of these genres."""
        mask = np.zeros(len(self.ids), bool)
        for genre_id in genre_ids:
            if genre_id in self.by_genre:
                mask[self.by_genre[genre_id]] = True
        return mask

    def admitted(self, wanted: Wanted) -> Mask:
        """Returns which movies a filter admits."""
        mask = np.ones(len(self.ids), bool)
        if wanted.genre_ids_any:
            mask &= self.of_genres(wanted.genre_ids_any)
        if wanted.genre_ids_none:
            mask &= ~self.of_genres(wanted.genre_ids_none)
        if wanted.year_from or wanted.year_to:
            mask &= self.years != 0
        if wanted.year_from:
            mask &= self.years >= wanted.year_from
        if wanted.year_to:
            mask &= self.years <= wanted.year_to
        if wanted.language:
            mask &= self.languages == wanted.language.encode().ljust(LANGUAGE_BYTES)
        return mask


class Shelves:
    """Keeps the worker's shelf."""

    def __init__(self) -> None:
        self._shelf: Shelf | None = None
        self._good_until = 0.0
        self._lock = asyncio.Lock()

    async def current(self) -> Shelf:
        """Returns the shelf, read anew when it is too old; while one caller waits for that, others get the old one."""
        shelf = self._shelf
        if shelf is not None and (time.monotonic() < self._good_until or self._lock.locked()):
            return shelf
        async with self._lock:
            if self._shelf is None or time.monotonic() >= self._good_until:
                self._shelf = await self._read()
            return self._shelf

    async def _read(self) -> Shelf:
        began = time.monotonic()
        rows = await connection().execute_query_dict(MOVIES)
        shelf = await asyncio.to_thread(Shelf.from_row, rows[0])
        now = time.monotonic()
        self._good_until = now + max(MAX_AGE, (now - began) * READING_SHARE)
        return shelf


def _quality(votes: Ints, vote_sums: Floats, popularity: Floats) -> tuple[Floats, Floats]:
    """Returns the Bayesian averages, scaled, and the standing.

    A movie's average is drawn to that of all votes as if each movie had, besides its own, as many average votes as a
    movie with any has in the mean: one enthusiast does not outweigh thousands.
    """
    total = votes.sum()
    prior = total / max(1, np.count_nonzero(votes))
    mean = vote_sums.sum() / total if total else 0.0
    average = (vote_sums + prior * mean) / (votes + (prior or 1.0))
    least, best = (average.min(), average.max()) if len(average) else (0.0, 0.0)
    quality = (average - least) / ((best - least) or 1.0)
    standing = np.empty(len(votes))
    standing[np.lexsort((popularity, quality))] = np.arange(len(votes)) / max(1, len(votes))
    return quality, standing


def _grouped(places: Places, *, by: Ints) -> dict[int, Places]:
    order = np.argsort(by, kind="stable")
    genres, starts = np.unique(by[order], return_index=True)
    return dict(zip(genres.tolist(), np.split(places[order], starts[1:]), strict=True)) if len(genres) else {}


def _integers(column: bytes | None) -> Ints:
    return np.frombuffer(column or b"", ">i4").astype(np.int64)


def _floats(column: bytes | None) -> Floats:
    return np.frombuffer(column or b"", ">f8").astype(np.float64)
