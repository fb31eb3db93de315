"""Similarity of movies by content: shared genres and people. It serves movies that the model does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from service.catalog.errors import MovieNotFound
from service.catalog.service import MovieId
from service.database.orm import connection
from service.recommendations.catalogue_index import CatalogueIndex, Floats

GENRES_WEIGHT = 0.6
PEOPLE_WEIGHT = 0.4
MAX_SHARED_PEOPLE = 3.0
"""More shared people than this do not increase the similarity."""
GENRES_AND_PEOPLE = """
WITH people AS (
    SELECT director_id AS person_id FROM movies WHERE id = $1 AND director_id IS NOT NULL
    UNION SELECT person_id FROM movie_characters WHERE movie_id = $1 AND person_id IS NOT NULL
), others AS (
    SELECT theirs.movie_id, count(*) AS shared FROM people, LATERAL (
        SELECT id AS movie_id FROM movies WHERE director_id = people.person_id
        UNION SELECT movie_id FROM movie_characters WHERE person_id = people.person_id
    ) AS theirs
    WHERE theirs.movie_id <> $1 GROUP BY theirs.movie_id ORDER BY shared DESC, theirs.movie_id LIMIT 1000
)
SELECT
    ARRAY(SELECT genre_id FROM movie_genres WHERE movie_id = $1) AS genre_ids,
    ARRAY(SELECT movie_id FROM others ORDER BY movie_id) AS movie_ids,
    ARRAY(SELECT shared FROM others ORDER BY movie_id) AS shared
"""


async def require_movie(movie_id: MovieId) -> None:
    """Raises MovieNotFound if the movie does not exist."""
    count, _ = await connection().execute_query("SELECT id FROM movies WHERE id = $1", [movie_id])
    if not count:
        raise MovieNotFound(movie_id)


async def content_similarities(index: CatalogueIndex, movie_id: MovieId) -> Floats:
    """Returns the similarity of every movie of the index to one: from 0 to 1, and 0 for the movie itself."""
    _, rows = await connection().execute_query(GENRES_AND_PEOPLE, [movie_id])
    scores = GENRES_WEIGHT * _genre_similarities(index, rows[0]) + PEOPLE_WEIGHT * _people_similarities(index, rows[0])
    scores[index.mask([movie_id])] = 0.0
    return scores


def _genre_similarities(index: CatalogueIndex, row: Mapping[str, Any]) -> Floats:
    """Returns the cosine similarities of the genres."""
    shared = np.zeros(len(index.ids))
    for genre_id in row["genre_ids"]:
        shared += index.of_genres([genre_id])
    cosine: Floats = shared / np.sqrt(np.maximum(1, index.genre_counts) * max(1, len(row["genre_ids"])))
    return cosine


def _people_similarities(index: CatalogueIndex, row: Mapping[str, Any]) -> Floats:
    scores = np.zeros(len(index.ids))
    positions, known = index.find(np.array(row["movie_ids"], np.int64))
    scores[positions[known]] = np.minimum(1.0, np.array(row["shared"], np.float64)[known] / MAX_SHARED_PEOPLE)
    return scores
