"""Ratings of MovieLens' files, for evaluations."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse

from service.importers.bad_rows import BadRows
from service.importers.reading import SUFFIXES, FileUnusable, read_rows
from service.recommendations.model.dataset import Dataset, FacetKind
from service.recommendations.model.errors import InteractionsMissing
from service.recommendations.model.evaluation import Ratings

YEAR = re.compile(r"\((\d{4})\)\s*$")
BEST_STARS = 5.0


def read_ratings(ratings: Path, movies: Path | None, *, progress: Callable[[int, int], None]) -> Ratings:
    """Reads ratings.csv and, for genres and decades and for the movies that nobody rated, movies.csv.

    Raises FileUnusable for what is no such file, or has a row that is no rating; InteractionsMissing for an empty one.
    """
    given = _read_stars(ratings, progress)
    if not given:
        raise InteractionsMissing(f"{ratings} holds no ratings")
    users, rated, stars = (np.array(column) for column in zip(*given, strict=True))
    facets, listed = _read_facets(movies) if movies else ([], [])
    movie_ids = np.union1d(rated, np.array(listed, np.int64)).astype(np.int32)
    kinds, numbers, having = np.array(facets, np.int32).reshape(-1, 3).T
    dataset = Dataset.build(
        movie_ids,
        interactions=(users.astype(np.int32), rated.astype(np.int32), stars.astype(np.float32)),
        facets=(kinds, numbers, having),
    )
    return Ratings(movie_ids, sparse.csr_array(dataset.interactions), dataset.facets, dataset.facet_kinds)


def find_movies(ratings: Path) -> Path | None:
    """Returns the movies.csv beside a file of ratings, plain or compressed; None where there is none."""
    paths = (ratings.with_name(f"movies.csv{suffix}") for suffix in SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def _read_stars(path: Path, progress: Callable[[int, int], None]) -> list[tuple[int, int, float]]:
    bad = BadRows(told=lambda _: None)
    given: dict[tuple[int, int], float] = {}
    for row in read_rows(path, ("userId", "movieId", "rating"), kind="rating", bad=bad, advanced=progress):
        try:
            user, movie, stars = int(row.values["userId"]), int(row.values["movieId"]), float(row.values["rating"])
        except ValueError as error:
            raise FileUnusable(f"{path}:{row.line} is no rating: {error}") from error
        if not 0 < stars <= BEST_STARS or not 0 < movie < 1 << 31 or not 0 < user < 1 << 31:
            raise FileUnusable(f"{path}:{row.line} is no rating: ids are from 1 up, stars above 0 and at most 5")
        given[user, movie] = stars
    return [(user, movie, stars) for (user, movie), stars in given.items()]


def _read_facets(path: Path) -> tuple[list[tuple[int, int, int]], list[int]]:
    bad = BadRows(told=lambda _: None)
    genres: dict[str, int] = {}
    facets: list[tuple[int, int, int]] = []
    movies: list[int] = []
    for row in read_rows(path, ("movieId", "title", "genres"), kind="movie", bad=bad, advanced=lambda *_: None):
        try:
            movie = int(row.values["movieId"])
        except ValueError as error:
            raise FileUnusable(f"{path}:{row.line} is no movie: {error}") from error
        movies.append(movie)
        names = set(row.values["genres"].split("|"))
        facets.extend((FacetKind.GENRE, genres.setdefault(name, len(genres)), movie) for name in names)
        if year := YEAR.search(row.values["title"]):
            facets.append((FacetKind.DECADE, int(year[1]) // 10, movie))
    return facets, movies
