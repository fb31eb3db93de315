"""Reading what a model learns from out of the database, in one snapshot that takes no lock and ends before training."""

from __future__ import annotations

import numpy as np

from service.recommendations.model.copying import Connection, copy_numbers
from service.recommendations.model.dataset import BEST_RATING, Dataset, FacetKind

MOVIES = "SELECT id FROM movies ORDER BY id"
# As `history_weight` has it.
INTERACTIONS = f"""
SELECT user_id, movie_id, max(weight)::float4 FROM (
    SELECT user_id, movie_id, rating / {BEST_RATING}.0 AS weight FROM movie_ratings
    UNION ALL SELECT user_id, movie_id, 1 FROM favorite_movies
) AS liked GROUP BY user_id, movie_id
"""  # noqa: S608 - our own number
FACETS = f"""
SELECT {FacetKind.GENRE:d}, genre_id, movie_id FROM movie_genres
UNION ALL
SELECT {FacetKind.DECADE:d}, (extract(year FROM release_date) / 10)::int, id FROM movies WHERE release_date IS NOT NULL
UNION ALL
SELECT {FacetKind.PERSON:d}, person_id, movie_id FROM (
    SELECT director_id AS person_id, id AS movie_id FROM movies WHERE director_id IS NOT NULL
    UNION SELECT person_id, movie_id FROM movie_characters WHERE person_id IS NOT NULL
) AS people
"""  # noqa: S608 - as above


async def read_dataset(connection: Connection) -> Dataset:
    """Returns what there is to learn from, as it is in one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SELECT set_config('statement_timeout', '0', true)")
        movies = await copy_numbers(connection, MOVIES, [("id", "i4")])
        interactions = await copy_numbers(connection, INTERACTIONS, [("user", "i4"), ("movie", "i4"), ("weight", "f4")])
        facets = await copy_numbers(connection, FACETS, [("kind", "i4"), ("number", "i4"), ("movie", "i4")])
    return Dataset.build(
        movies["id"].astype(np.int32),
        interactions=(
            interactions["user"].astype(np.int32),
            interactions["movie"].astype(np.int32),
            interactions["weight"].astype(np.float32),
        ),
        facets=(
            facets["kind"].astype(np.int32),
            facets["number"].astype(np.int32),
            facets["movie"].astype(np.int32),
        ),
    )
