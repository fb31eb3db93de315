"""MovieLens ratings as evaluation data for recommendation models."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse

from service.importers.csv_files import SUFFIXES, FileUnusable, read_rows
from service.importers.report import BadRows
from service.recommendations.errors import InteractionsMissing
from service.recommendations.model.dataset import Dataset, FacetKind
from service.recommendations.model.evaluation import Ratings

YEAR = re.compile(r"\((\d{4})\)\s*$")
MAX_STARS = 5.0


def read_ratings(ratings: Path, movies: Path | None, *, progress: Callable[[int, int], None]) -> Ratings:
    """Returns the ratings of ratings.csv; movies.csv adds genres, decades and the movies without ratings.

    Raises FileUnusable if a file cannot be read, lacks a column or has a row with an invalid id or rating;
    InteractionsMissing if there are no ratings.
    """
    stars_of = _read_stars(ratings, progress)
    if not stars_of:
        raise InteractionsMissing(f"{ratings} holds no ratings")
    users, rated, stars = (np.array(column) for column in zip(*stars_of, strict=True))
    facets, listed = _read_facets(movies) if movies else ([], [])
    movie_ids = np.union1d(rated, np.array(listed, np.int64)).astype(np.int32)
    kinds, numbers, facet_movies = np.array(facets, np.int32).reshape(-1, 3).T
    dataset = Dataset.build(
        movie_ids,
        interactions=(users.astype(np.int32), rated.astype(np.int32), stars.astype(np.float32)),
        facets=(kinds, numbers, facet_movies),
    )
    return Ratings(movie_ids, sparse.csr_array(dataset.interactions), dataset.facets, dataset.facet_kinds)


def find_movies(ratings: Path) -> Path | None:
    """Returns the movies.csv in the folder of a ratings file, plain or compressed; None if there is none."""
    paths = (ratings.with_name(f"movies.csv{suffix}") for suffix in SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def _read_stars(path: Path, progress: Callable[[int, int], None]) -> list[tuple[int, int, float]]:
    """Returns user, movie and stars; the last one if a user rates a movie several times."""
    stars_of: dict[tuple[int, int], float] = {}
    for row in read_rows(path, ("userId", "movieId", "rating"), kind="rating", bad=BadRows(), progress=progress):
        try:
            user, movie, stars = int(row.values["userId"]), int(row.values["movieId"]), float(row.values["rating"])
        except ValueError as error:
            raise FileUnusable(f"{path}:{row.line} is no rating: {error}") from error
        if not 0 < stars <= MAX_STARS or not 0 < movie < 1 << 31 or not 0 < user < 1 << 31:
            raise FileUnusable(f"{path}:{row.line} is no rating: ids must be at least 1, stars above 0 and at most 5")
        stars_of[user, movie] = stars
    return [(user, movie, stars) for (user, movie), stars in stars_of.items()]


def _read_facets(path: Path) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Returns facets (kind, number, movie) and the ids of all movies."""
    genres: dict[str, int] = {}
    facets: list[tuple[int, int, int]] = []
    movies: list[int] = []
    for row in read_rows(path, ("movieId", "title", "genres"), kind="movie", bad=BadRows(), progress=lambda *_: None):
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
