"""Movies that resemble one by what they are: their genres and their people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from service.catalog.errors import MovieNotFound
from service.catalog.service import MovieId
from service.database.orm import connection
from service.recommendations.catalogue_index import Floats, Shelf

GENRES_WEIGHT = 0.6
PEOPLE_WEIGHT = 0.4
ALL_PEOPLE = 3.0
"""Shared people from which on more make no difference."""
TRAITS = """
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
    """Returns when there is such a movie; raises MovieNotFound."""
    count, _ = await connection().execute_query("SELECT id FROM movies WHERE id = $1", [movie_id])
    if not count:
        raise MovieNotFound(movie_id)


async def resemblances(shelf: Shelf, movie_id: MovieId) -> Floats:
    """Returns how much every movie of the shelf resembles one, by place: 0 to 1, for the movie itself 0."""
    _, rows = await connection().execute_query(TRAITS, [movie_id])
    scores = GENRES_WEIGHT * _shared_genres(shelf, rows[0]) + PEOPLE_WEIGHT * _shared_people(shelf, rows[0])
    scores[shelf.mask([movie_id])] = 0.0
    return scores


def _shared_genres(shelf: Shelf, traits: Mapping[str, Any]) -> Floats:
    """Returns the cosine of the genres of each movie and those given."""
    shared = np.zeros(len(shelf.ids))
    for genre_id in traits["genre_ids"]:
        shared += shelf.of_genres([genre_id])
    cosine: Floats = shared / np.sqrt(np.maximum(1, shelf.genre_counts) * max(1, len(traits["genre_ids"])))
    return cosine


def _shared_people(shelf: Shelf, traits: Mapping[str, Any]) -> Floats:
    scores = np.zeros(len(shelf.ids))
    places, known = shelf.find(np.array(traits["movie_ids"], np.int64))
    scores[places[known]] = np.minimum(1.0, np.array(traits["shared"], np.float64)[known] / ALL_PEOPLE)
    return scores
