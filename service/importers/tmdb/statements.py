"""SQL that merges staged rows into the catalogue. It neither writes nor locks rows that are equal already.

It deletes nothing, and an empty value of the source replaces no value.
"""

from __future__ import annotations

from service.importers.staging import update_different

TABLES = """
CREATE TEMPORARY TABLE staged_movies (
    line int, tmdb_id int, title text, original_title text, description text, tagline text, budget numeric,
    revenue numeric, release_date date, duration int, vote_average float8, vote_count int, popularity float8,
    status text, original_language text, country_code text, production_companies text, production_countries text,
    spoken_languages text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_genres (movie int, tmdb_id int, name text) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_countries (line int, code text, name text) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_credits (line int, movie int, director int) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_persons (tmdb_id int, first_name text, last_name text, gender text) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_parts (movie int, person int, name text, role text, billing_order int) ON COMMIT DROP;
"""

# One row for each record. Some credits of a person have the gender, others do not.
DEDUPLICATE = """
CREATE TEMPORARY TABLE source_genres ON COMMIT DROP AS
    SELECT DISTINCT ON (tmdb_id) tmdb_id, name, NULL::int AS genre_id FROM staged_genres ORDER BY tmdb_id, name;
CREATE TEMPORARY TABLE source_countries ON COMMIT DROP AS
    SELECT DISTINCT ON (code) code, name, line, NULL::int AS country_id FROM staged_countries ORDER BY code, line;
CREATE TEMPORARY TABLE source_persons ON COMMIT DROP AS
    SELECT DISTINCT ON (tmdb_id) * FROM staged_persons ORDER BY tmdb_id, gender NULLS LAST, first_name, last_name;
ANALYZE staged_movies, staged_genres, staged_credits, staged_parts, source_persons;
"""

# A record without the id of the source, such as one made by hand, gets it unless another record has it.
LINK_GENRES = """
UPDATE genres SET tmdb_id = source.tmdb_id FROM source_genres AS source
WHERE genres.tmdb_id IS NULL AND lower(genres.name) = lower(source.name)
    AND NOT EXISTS (SELECT FROM genres AS other WHERE other.tmdb_id = source.tmdb_id)
"""
ADD_GENRES = """
INSERT INTO genres (name, tmdb_id) SELECT name, tmdb_id FROM source_genres AS source
WHERE NOT EXISTS (SELECT FROM genres WHERE genres.tmdb_id = source.tmdb_id OR lower(genres.name) = lower(source.name))
ORDER BY tmdb_id ON CONFLICT DO NOTHING
"""
SET_GENRE_IDS = """
UPDATE source_genres AS source SET genre_id = coalesce(
    (SELECT id FROM genres WHERE genres.tmdb_id = source.tmdb_id),
    (SELECT id FROM genres WHERE lower(genres.name) = lower(source.name))
)
"""
LINK_COUNTRIES = """
UPDATE countries SET iso_3166_1 = source.code FROM source_countries AS source
WHERE countries.iso_3166_1 IS NULL AND countries.name = source.name
    AND NOT EXISTS (SELECT FROM countries AS other WHERE other.iso_3166_1 = source.code)
"""
ADD_COUNTRIES = """
INSERT INTO countries (name, iso_3166_1) SELECT name, code FROM source_countries AS source
WHERE NOT EXISTS (SELECT FROM countries WHERE iso_3166_1 = source.code OR countries.name = source.name)
ORDER BY code ON CONFLICT DO NOTHING
"""
SET_COUNTRY_IDS = """
UPDATE source_countries SET country_id = countries.id FROM countries WHERE countries.iso_3166_1 = source_countries.code
"""
MISSING_COUNTRIES = "SELECT line, code FROM source_countries WHERE country_id IS NULL ORDER BY line"

# A person without TMDB id is the same as a person of the same name in the credits of one of their movies.
LINK_PERSONS = """
WITH known AS (
    SELECT movies.tmdb_id AS movie, persons.id, persons.first_name, persons.last_name
    FROM persons
    JOIN movie_characters ON movie_characters.person_id = persons.id
    JOIN movies ON movies.id = movie_characters.movie_id
    WHERE persons.tmdb_id IS NULL AND movies.tmdb_id IS NOT NULL
    UNION
    SELECT movies.tmdb_id, persons.id, persons.first_name, persons.last_name
    FROM persons JOIN movies ON movies.director_id = persons.id
    WHERE persons.tmdb_id IS NULL AND movies.tmdb_id IS NOT NULL
), credited AS (
    SELECT movie, person FROM staged_parts UNION SELECT movie, director FROM staged_credits
), same AS (
    SELECT DISTINCT ON (source.tmdb_id) known.id, source.*
    FROM known
    JOIN credited USING (movie)
    JOIN source_persons AS source ON source.tmdb_id = credited.person
        AND lower(source.first_name || ' ' || source.last_name) = lower(known.first_name || ' ' || known.last_name)
    WHERE NOT EXISTS (SELECT FROM persons WHERE persons.tmdb_id = source.tmdb_id)
    ORDER BY source.tmdb_id, known.id
)
UPDATE persons SET
    tmdb_id = same.tmdb_id, first_name = same.first_name, last_name = same.last_name,
    gender = coalesce(same.gender, persons.gender)
FROM same WHERE persons.id = same.id
"""
CHANGE_PERSONS = update_different(
    "persons",
    {
        "first_name": "source.first_name",
        "last_name": "source.last_name",
        "gender": "coalesce(source.gender, target.gender)",
    },
    source="source_persons",
    match="target.tmdb_id = source.tmdb_id",
)
ADD_PERSONS = """
INSERT INTO persons (first_name, last_name, gender, tmdb_id)
SELECT first_name, last_name, gender, tmdb_id FROM source_persons AS source
WHERE NOT EXISTS (SELECT FROM persons WHERE persons.tmdb_id = source.tmdb_id)
ORDER BY tmdb_id ON CONFLICT DO NOTHING
"""

RESOLVE_MOVIES = """
CREATE TEMPORARY TABLE source_movies ON COMMIT DROP AS
SELECT
    line, movie.tmdb_id, title, original_title, description, tagline, budget, revenue, release_date, duration,
    vote_average, vote_count, popularity, status, original_language, production_companies::jsonb,
    production_countries::jsonb, spoken_languages::jsonb, country.country_id, person.id AS director_id
FROM staged_movies AS movie
LEFT JOIN (SELECT code, country_id FROM source_countries) AS country ON country.code = movie.country_code
LEFT JOIN (SELECT movie, director FROM staged_credits) AS credit ON credit.movie = movie.tmdb_id
LEFT JOIN (SELECT id, tmdb_id FROM persons) AS person ON person.tmdb_id = credit.director;
ANALYZE source_movies;
"""
MOVIE_COLUMNS = {
    "title": "source.title",
    "description": "coalesce(nullif(source.description, ''), target.description)",
    "tagline": "coalesce(nullif(source.tagline, ''), target.tagline)",
    "vote_average": "source.vote_average",
    "vote_count": "source.vote_count",
    "popularity": "source.popularity",
    **{
        column: f"coalesce(source.{column}, target.{column})"
        for column in (
            *("original_title", "budget", "revenue", "release_date", "duration", "status", "original_language"),
            *("country_id", "director_id"),
        )
    },
    **{
        column: f"coalesce(nullif(source.{column}, '[]'), target.{column})"
        for column in ("production_companies", "production_countries", "spoken_languages")
    },
}
CHANGE_MOVIES = update_different(
    "movies", MOVIE_COLUMNS, source="source_movies", match="target.tmdb_id = source.tmdb_id"
)
ADD_MOVIES = f"""
INSERT INTO movies (tmdb_id, {", ".join(MOVIE_COLUMNS)}) SELECT tmdb_id, {", ".join(MOVIE_COLUMNS)}
FROM source_movies AS source WHERE NOT EXISTS (SELECT FROM movies WHERE movies.tmdb_id = source.tmdb_id)
ORDER BY line ON CONFLICT DO NOTHING
"""  # noqa: S608 - the columns above
ADD_MOVIE_GENRES = """
INSERT INTO movie_genres (movie_id, genre_id)
SELECT DISTINCT movies.id, genre_id
FROM staged_genres JOIN source_genres AS source USING (tmdb_id) JOIN movies ON movies.tmdb_id = staged_genres.movie
WHERE genre_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM movie_genres AS existing
        WHERE existing.movie_id = movies.id AND existing.genre_id = source.genre_id
    )
ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""
MISSING_MOVIES = """
SELECT line, movie FROM staged_credits
WHERE NOT EXISTS (SELECT FROM movies WHERE tmdb_id = movie) ORDER BY line
"""

# Movie and name identify a character, because the source has no ids of characters.
RESOLVE_PARTS = """
CREATE TEMPORARY TABLE source_parts ON COMMIT DROP AS
SELECT DISTINCT ON (movies.id, staged_parts.name, persons.id)
    movies.id AS movie_id, staged_parts.name, persons.id AS person_id, role, billing_order
FROM staged_parts
JOIN movies ON movies.tmdb_id = staged_parts.movie
JOIN persons ON persons.tmdb_id = staged_parts.person
ORDER BY movies.id, staged_parts.name, persons.id, billing_order;
ANALYZE source_parts;

CREATE TEMPORARY TABLE source_characters ON COMMIT DROP AS
SELECT
    movie_id, name, role, known.id IS NULL AS is_new,
    coalesce(known.id, nextval(pg_get_serial_sequence('characters', 'id')))::int AS character_id
FROM (
    SELECT DISTINCT ON (movie_id, name) movie_id, name, role
    FROM source_parts ORDER BY movie_id, name, billing_order, person_id
) AS source
LEFT JOIN (
    SELECT DISTINCT ON (movie_id, name) movie_id, name, characters.id
    FROM movie_characters JOIN characters ON characters.id = movie_characters.character_id
    WHERE movie_id IN (SELECT movie_id FROM source_parts)
    ORDER BY movie_id, name, characters.id
) AS known USING (movie_id, name);
ANALYZE source_characters;
"""
ADD_CHARACTERS = """
INSERT INTO characters (id, name, role) SELECT character_id, name, role FROM source_characters WHERE is_new ORDER BY 1
"""
CHANGE_PARTS = update_different(
    "movie_characters",
    {"role": "source.role", "billing_order": "source.billing_order"},
    source="(SELECT * FROM source_parts JOIN (SELECT movie_id, name, character_id FROM source_characters) AS found"
    " USING (movie_id, name))",
    match="target.movie_id = source.movie_id AND target.character_id = source.character_id"
    " AND target.person_id = source.person_id",
)
ADD_PARTS = """
INSERT INTO movie_characters (movie_id, character_id, person_id, role, billing_order)
SELECT movie_id, character_id, person_id, source.role, billing_order
FROM source_parts AS source JOIN source_characters AS found USING (movie_id, name)
WHERE is_new OR NOT EXISTS (
    SELECT FROM movie_characters AS existing WHERE existing.movie_id = source.movie_id
        AND existing.character_id = found.character_id AND existing.person_id = source.person_id
)
ORDER BY movie_id, billing_order, character_id ON CONFLICT DO NOTHING
"""
