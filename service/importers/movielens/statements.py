"""What turns staged rows into the catalogue: what is there already keeps what it has."""

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

UNLINKED = """
SELECT line, key FROM staged_movies
WHERE NOT EXISTS (SELECT FROM staged_links AS link WHERE link.key = staged_movies.key) ORDER BY line
"""
# By TMDB's id, else by IMDb's.
GATHER_MOVIES = """
ANALYZE staged_movies, staged_links, staged_genres;
CREATE TEMPORARY TABLE given_movies ON COMMIT DROP AS
SELECT
    line, key, title, original_title, release_date, link.imdb_id, link.tmdb_id,
    coalesce(by_tmdb.id, by_imdb.id) AS movie_id
FROM staged_movies
JOIN (SELECT DISTINCT ON (key) key, imdb_id, tmdb_id FROM staged_links ORDER BY key, line) AS link USING (key)
LEFT JOIN (SELECT id, tmdb_id FROM movies) AS by_tmdb USING (tmdb_id)
LEFT JOIN (SELECT id, imdb_id FROM movies) AS by_imdb ON by_imdb.imdb_id = link.imdb_id;
ANALYZE given_movies;
"""
# An id that another movie has stays there. A movie lacks one of the two at most, or it would not be known.
ADD_IMDB_IDS = """
UPDATE movies SET imdb_id = free.imdb_id
FROM (
    SELECT DISTINCT ON (imdb_id) imdb_id, movie_id FROM given_movies AS given
    WHERE movie_id IS NOT NULL AND NOT EXISTS (SELECT FROM movies WHERE movies.imdb_id = given.imdb_id)
    ORDER BY imdb_id, line
) AS free
WHERE movies.id = free.movie_id AND movies.imdb_id IS NULL AND free.imdb_id IS NOT NULL
"""
ADD_TMDB_IDS = """
UPDATE movies SET tmdb_id = free.tmdb_id
FROM (
    SELECT DISTINCT ON (tmdb_id) tmdb_id, movie_id FROM given_movies AS given
    WHERE movie_id IS NOT NULL AND NOT EXISTS (SELECT FROM movies WHERE movies.tmdb_id = given.tmdb_id)
    ORDER BY tmdb_id, line
) AS free
WHERE movies.id = free.movie_id AND movies.tmdb_id IS NULL AND free.tmdb_id IS NOT NULL
"""
ADD_MOVIES = """
INSERT INTO movies (title, original_title, release_date, imdb_id, tmdb_id)
SELECT title, original_title, release_date, imdb_id, tmdb_id FROM given_movies WHERE movie_id IS NULL
ORDER BY line ON CONFLICT DO NOTHING
"""
FIND_MOVIES = """
UPDATE given_movies SET movie_id = movies.id FROM movies
WHERE movie_id IS NULL AND (movies.tmdb_id = given_movies.tmdb_id OR movies.imdb_id = given_movies.imdb_id)
"""
# Two of the source's movies may be one here, and then share its ratings.
KNOWN_MOVIES = "SELECT key, movie_id FROM given_movies WHERE movie_id IS NOT NULL"

ADD_GENRES = """
INSERT INTO genres (name) SELECT min(name) FROM staged_genres
WHERE NOT EXISTS (SELECT FROM genres WHERE lower(genres.name) = lower(staged_genres.name))
GROUP BY lower(name) ORDER BY 1 ON CONFLICT DO NOTHING
"""
# A movie that has genres keeps them: they were chosen with more care than these.
ADD_MOVIE_GENRES = """
INSERT INTO movie_genres (movie_id, genre_id)
SELECT DISTINCT given.movie_id, genres.id
FROM staged_genres JOIN given_movies AS given USING (key)
JOIN genres ON lower(genres.name) = lower(staged_genres.name)
WHERE given.movie_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM movie_genres WHERE movie_genres.movie_id = given.movie_id)
ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""

# Of several ratings by one user the latest counts, in whatever transactions they come.
GATHER_RATINGS = """
CREATE TEMPORARY TABLE given_ratings ON COMMIT DROP AS
SELECT DISTINCT ON (user_id, movie_id) user_id, movie_id, rating::smallint, rated_at
FROM staged_ratings ORDER BY user_id, movie_id, rated_at DESC, line DESC;
ANALYZE given_ratings;
"""
CHANGE_RATINGS = update_different(
    "movie_ratings",
    {"rating": "given.rating", "created_at": "given.rated_at"},
    source="given_ratings",
    match="kept.user_id = given.user_id AND kept.movie_id = given.movie_id AND kept.created_at <= given.rated_at",
)
ADD_RATINGS = """
INSERT INTO movie_ratings (user_id, movie_id, rating, created_at, updated_at)
SELECT user_id, movie_id, rating, rated_at, rated_at FROM given_ratings AS given
WHERE NOT EXISTS (
    SELECT FROM movie_ratings AS kept WHERE kept.user_id = given.user_id AND kept.movie_id = given.movie_id
)
ORDER BY rated_at, user_id, movie_id ON CONFLICT DO NOTHING
"""
FORGET_RATINGS = "DROP TABLE staged_ratings, given_ratings"
