"""SQL that merges staged rows into the catalogue. Values that the catalogue has already stay."""

from __future__ import annotations

from service.importers.staging import update_different

MOVIE_TABLES = """
CREATE TEMPORARY TABLE staged_movies (line int, key int, title text, original_title text, release_date date)
    ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_genres (key int, name text) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_links (line int, key int, imdb_id text, tmdb_id int) ON COMMIT DROP;
"""
RATING_TABLE = """
CREATE TEMPORARY TABLE staged_ratings (line int, user_id int, movie_id int, rating int, rated_at timestamptz)
    ON COMMIT DROP
"""

UNLINKED_MOVIES = """
SELECT line, key FROM staged_movies
WHERE NOT EXISTS (SELECT FROM staged_links AS link WHERE link.key = staged_movies.key) ORDER BY line
"""
# A movie is found by its TMDB id, else by its IMDb id.
MATCH_MOVIES = """
ANALYZE staged_movies, staged_links, staged_genres;
CREATE TEMPORARY TABLE source_movies ON COMMIT DROP AS
SELECT
    line, key, title, original_title, release_date, link.imdb_id, link.tmdb_id,
    coalesce(by_tmdb.id, by_imdb.id) AS movie_id
FROM staged_movies
JOIN (SELECT DISTINCT ON (key) key, imdb_id, tmdb_id FROM staged_links ORDER BY key, line) AS link USING (key)
LEFT JOIN (SELECT id, tmdb_id FROM movies) AS by_tmdb USING (tmdb_id)
LEFT JOIN (SELECT id, imdb_id FROM movies) AS by_imdb ON by_imdb.imdb_id = link.imdb_id;
ANALYZE source_movies;
"""


def _add_id(column: str) -> str:
    """Returns the statement that fills an empty id of known movies, unless another movie has this id."""
    return f"""
UPDATE movies SET {column} = free.{column}
FROM (
    SELECT DISTINCT ON ({column}) {column}, movie_id FROM source_movies AS source
    WHERE movie_id IS NOT NULL AND NOT EXISTS (SELECT FROM movies WHERE movies.{column} = source.{column})
    ORDER BY {column}, line
) AS free
WHERE movies.id = free.movie_id AND movies.{column} IS NULL AND free.{column} IS NOT NULL
"""  # noqa: S608 - the columns below


# A known movie lacks at most one of the two ids, because it is found by the other one.
ADD_IMDB_IDS = _add_id("imdb_id")
ADD_TMDB_IDS = _add_id("tmdb_id")
ADD_MOVIES = """
INSERT INTO movies (title, original_title, release_date, imdb_id, tmdb_id)
SELECT title, original_title, release_date, imdb_id, tmdb_id FROM source_movies WHERE movie_id IS NULL
ORDER BY line ON CONFLICT DO NOTHING
"""
SET_MOVIE_IDS = """
UPDATE source_movies SET movie_id = movies.id FROM movies
WHERE movie_id IS NULL AND (movies.tmdb_id = source_movies.tmdb_id OR movies.imdb_id = source_movies.imdb_id)
"""
# Two movies of the source may be the same movie of the catalogue and then share its ratings.
MOVIE_IDS = "SELECT key, movie_id FROM source_movies WHERE movie_id IS NOT NULL"

ADD_GENRES = """
INSERT INTO genres (name) SELECT min(name) FROM staged_genres
WHERE NOT EXISTS (SELECT FROM genres WHERE lower(genres.name) = lower(staged_genres.name))
GROUP BY lower(name) ORDER BY 1 ON CONFLICT DO NOTHING
"""
# A movie that has genres keeps them: genres of other sources are better than those of MovieLens.
ADD_MOVIE_GENRES = """
INSERT INTO movie_genres (movie_id, genre_id)
SELECT DISTINCT source.movie_id, genres.id
FROM staged_genres JOIN source_movies AS source USING (key)
JOIN genres ON lower(genres.name) = lower(staged_genres.name)
WHERE source.movie_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM movie_genres WHERE movie_genres.movie_id = source.movie_id)
ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""

# The latest of several ratings by one user wins, also across transactions.
DEDUPLICATE_RATINGS = """
CREATE TEMPORARY TABLE source_ratings ON COMMIT DROP AS
SELECT DISTINCT ON (user_id, movie_id) user_id, movie_id, rating::smallint, rated_at
FROM staged_ratings ORDER BY user_id, movie_id, rated_at DESC, line DESC;
ANALYZE source_ratings;
"""
CHANGE_RATINGS = update_different(
    "movie_ratings",
    {"rating": "source.rating", "created_at": "source.rated_at"},
    source="source_ratings",
    match="target.user_id = source.user_id AND target.movie_id = source.movie_id"
    " AND target.created_at <= source.rated_at",
)
ADD_RATINGS = """
INSERT INTO movie_ratings (user_id, movie_id, rating, created_at, updated_at)
SELECT user_id, movie_id, rating, rated_at, rated_at FROM source_ratings AS source
WHERE NOT EXISTS (
    SELECT FROM movie_ratings AS existing
    WHERE existing.user_id = source.user_id AND existing.movie_id = source.movie_id
)
ORDER BY rated_at, user_id, movie_id ON CONFLICT DO NOTHING
"""
DROP_RATING_TABLES = "DROP TABLE staged_ratings, source_ratings"
