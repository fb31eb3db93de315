"""Generated movies of any number, in addition to the sample catalogue. The database generates the same ones each time.

Every movie has a director, a country, three genres, companies and a description of 400 characters; every second movie
has ratings; every tenth movie has a poster in six widths and two formats. All are more popular than the sample movies.
"""

from __future__ import annotations

import asyncio

import asyncpg

# Multiplication by primes spreads sequential numbers over a range with late repetition.
PEOPLE = """
INSERT INTO persons (first_name, last_name)
SELECT 'Given' || n, 'Family' || n % 997 FROM generate_series(1, greatest($1 / 10, 1)) AS n
"""
FILES = """
INSERT INTO files (kind, state, file_name, mime_type, bucket, key, size_bytes, expires_at, width, height, sha256,
    thumbhash, dominant_color)
SELECT 'poster', 'ready', 'poster.jpg', 'image/jpeg', 'generated', 'posters/' || n || '/original.jpg', 200000,
    '2030-01-01', 780, 1170, sha256(int4send(n)), sha256(int4send(n)), '#a0b0c0'
FROM generate_series(10, $1, 10) AS n
"""
RENDITIONS = """
INSERT INTO file_renditions (format, width, height, size_bytes, sha256, key, file_id)
SELECT form, wide, wide * 3 / 2, wide * 100, f.sha256, 'posters/' || f.id || '/w' || wide || '.' || form, f.id
FROM files AS f, unnest(ARRAY[92, 154, 185, 342, 500, 780]) AS wide, unnest(ARRAY['jpeg', 'webp']) AS form
WHERE f.bucket = 'generated'
"""
MOVIES = """
WITH places AS (
    SELECT
        (SELECT array_agg(id ORDER BY id) FROM countries) AS countries,
        (SELECT array_agg(id ORDER BY id) FROM persons WHERE first_name LIKE 'Given%') AS people,
        (SELECT array_agg(id ORDER BY id) FROM files WHERE bucket = 'generated') AS files
)
INSERT INTO movies (tmdb_id, imdb_id, title, original_title, description, tagline, budget, revenue, release_date,
    duration, poster_path, backdrop_path, vote_average, vote_count, popularity, status, original_language,
    production_companies, production_countries, spoken_languages, director_id, country_id, poster_id)
SELECT
    100000000 + n, 'tt1' || lpad(n::text, 7, '0'), 'Generated film ' || n, 'Original film ' || n,
    repeat('What happens in it. ', 20), 'Seen by nobody', n * 1000, n * 2500, date '1950-01-01' + n % 27000,
    60 + n % 120, '/poster' || n || '.jpg', '/backdrop' || n || '.jpg', n % 100 / 10.0, n % 10000,
    1000 + n::bigint * 7919 % 10000019 / 100.0, 'released', 'en',
    '[{"id": 1, "name": "First Pictures"}, {"id": 2, "name": "Second Pictures"}]',
    '[{"iso_3166_1": "US", "name": "United States of America"}]', '[{"iso_639_1": "en", "name": "English"}]',
    people[1 + n % cardinality(people)], countries[1 + n % cardinality(countries)],
    CASE n % 10 WHEN 0 THEN files[n / 10] END
FROM places, generate_series(1, $1) AS n
"""
GENRES = """
WITH places AS (SELECT array_agg(id ORDER BY id) AS genres FROM genres)
INSERT INTO movie_genres (movie_id, genre_id, popularity)
SELECT m.id, genres[1 + (m.id + step) % cardinality(genres)], m.popularity
FROM places, movies AS m, unnest(ARRAY[0, 1, 5]) AS step WHERE m.tmdb_id > 100000000
"""
RATINGS = """
INSERT INTO movie_stats (movie_id, rating_count, rating_sum, rating_4, rating_5)
SELECT id, 4, 18, 2, 2 FROM movies WHERE tmdb_id > 100000000 AND id % 2 = 0
"""


def add_movies(database_url: str, count: int) -> None:
    """Adds `count` movies in one transaction, as superuser. May run only once for a database."""
    asyncio.run(_add_movies(database_url, count))


async def _add_movies(database_url: str, count: int) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            # Without triggers, which would take minutes: the benchmarks read neither the search nor the change feed.
            await connection.execute("SET LOCAL session_replication_role = replica")
            for statement in (PEOPLE, FILES, MOVIES):
                await connection.execute(statement, count)
            for statement in (RENDITIONS, GENRES, RATINGS):
                await connection.execute(statement)
        await connection.execute("VACUUM ANALYZE")
        # All writes reach the disk before the measurement starts.
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
