"""What turns staged rows into the catalogue, a statement a table: what is equal is neither written nor locked.

Nothing is ever removed, and what the source does not know takes nothing away.
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

# Each once; a person's gender may be known in one movie's credits only.
GATHER = """
CREATE TEMPORARY TABLE given_genres ON COMMIT DROP AS
    SELECT DISTINCT ON (tmdb_id) tmdb_id, name, NULL::int AS genre_id FROM staged_genres ORDER BY tmdb_id, name;
CREATE TEMPORARY TABLE given_countries ON COMMIT DROP AS
    SELECT DISTINCT ON (code) code, name, line, NULL::int AS country_id FROM staged_countries ORDER BY code, line;
CREATE TEMPORARY TABLE given_persons ON COMMIT DROP AS
    SELECT DISTINCT ON (tmdb_id) * FROM staged_persons ORDER BY tmdb_id, gender NULLS LAST, first_name, last_name;
ANALYZE staged_movies, staged_genres, staged_credits, staged_parts, given_persons;
"""

# A record that somebody made by hand gets the source's id, unless one has it already.
ADOPT_GENRES = """
UPDATE genres SET tmdb_id = given.tmdb_id FROM given_genres AS given
WHERE genres.tmdb_id IS NULL AND lower(genres.name) = lower(given.name)
    AND NOT EXISTS (SELECT FROM genres AS other WHERE other.tmdb_id = given.tmdb_id)
"""
ADD_GENRES = """
INSERT INTO genres (name, tmdb_id) SELECT name, tmdb_id FROM given_genres AS given
WHERE NOT EXISTS (SELECT FROM genres WHERE genres.tmdb_id = given.tmdb_id OR lower(genres.name) = lower(given.name))
ORDER BY tmdb_id ON CONFLICT DO NOTHING
"""
FIND_GENRES = """
UPDATE given_genres AS given SET genre_id = coalesce(
    (SELECT id FROM genres WHERE genres.tmdb_id = given.tmdb_id),
    (SELECT id FROM genres WHERE lower(genres.name) = lower(given.name))
)
"""
ADOPT_COUNTRIES = """
UPDATE countries SET iso_3166_1 = given.code FROM given_countries AS given
WHERE countries.iso_3166_1 IS NULL AND countries.name = given.name
    AND NOT EXISTS (SELECT FROM countries AS other WHERE other.iso_3166_1 = given.code)
"""
ADD_COUNTRIES = """
INSERT INTO countries (name, iso_3166_1) SELECT name, code FROM given_countries AS given
WHERE NOT EXISTS (SELECT FROM countries WHERE iso_3166_1 = given.code OR countries.name = given.name)
ORDER BY code ON CONFLICT DO NOTHING
"""
FIND_COUNTRIES = """
UPDATE given_countries SET country_id = countries.id FROM countries WHERE countries.iso_3166_1 = given_countries.code
"""
UNFOUND_COUNTRIES = "SELECT line, code FROM given_countries WHERE country_id IS NULL ORDER BY line"

# Someone without an id, in a movie whose credits list somebody of the same name, is the same person.
ADOPT_PERSONS = """
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
    SELECT DISTINCT ON (given.tmdb_id) known.id, given.*
    FROM known
    JOIN credited USING (movie)
    JOIN given_persons AS given ON given.tmdb_id = credited.person
        AND lower(given.first_name || ' ' || given.last_name) = lower(known.first_name || ' ' || known.last_name)
    WHERE NOT EXISTS (SELECT FROM persons WHERE persons.tmdb_id = given.tmdb_id)
    ORDER BY given.tmdb_id, known.id
)
UPDATE persons SET
    tmdb_id = same.tmdb_id, first_name = same.first_name, last_name = same.last_name,
    gender = coalesce(same.gender, persons.gender)
FROM same WHERE persons.id = same.id
"""
CHANGE_PERSONS = update_different(
    "persons",
    {
        "first_name": "given.first_name",
        "last_name": "given.last_name",
        "gender": "coalesce(given.gender, kept.gender)",
    },
    source="given_persons",
    match="kept.tmdb_id = given.tmdb_id",
)
ADD_PERSONS = """
INSERT INTO persons (first_name, last_name, gender, tmdb_id)
SELECT first_name, last_name, gender, tmdb_id FROM given_persons AS given
WHERE NOT EXISTS (SELECT FROM persons WHERE persons.tmdb_id = given.tmdb_id)
ORDER BY tmdb_id ON CONFLICT DO NOTHING
"""

GATHER_MOVIES = """
CREATE TEMPORARY TABLE given_movies ON COMMIT DROP AS
SELECT
    line, movie.tmdb_id, title, original_title, description, tagline, budget, revenue, release_date, duration,
    vote_average, vote_count, popularity, status, original_language, production_companies::jsonb,
    production_countries::jsonb, spoken_languages::jsonb, country.country_id, person.id AS director_id
FROM staged_movies AS movie
LEFT JOIN (SELECT code, country_id FROM given_countries) AS country ON country.code = movie.country_code
LEFT JOIN (SELECT movie, director FROM staged_credits) AS credit ON credit.movie = movie.tmdb_id
LEFT JOIN (SELECT id, tmdb_id FROM persons) AS person ON person.tmdb_id = credit.director;
ANALYZE given_movies;
"""
MOVIE_COLUMNS = {
    "title": "given.title",
    "description": "coalesce(nullif(given.description, ''), kept.description)",
    "tagline": "coalesce(nullif(given.tagline, ''), kept.tagline)",
    "vote_average": "given.vote_average",
    "vote_count": "given.vote_count",
    "popularity": "given.popularity",
    **{
        column: f"coalesce(given.{column}, kept.{column})"
        for column in (
            *("original_title", "budget", "revenue", "release_date", "duration", "status", "original_language"),
            *("country_id", "director_id"),
        )
    },
    **{
        column: f"coalesce(nullif(given.{column}, '[]'), kept.{column})"
        for column in ("production_companies", "production_countries", "spoken_languages")
    },
}
CHANGE_MOVIES = update_different("movies", MOVIE_COLUMNS, source="given_movies", match="kept.tmdb_id = given.tmdb_id")
ADD_MOVIES = f"""
INSERT INTO movies (tmdb_id, {", ".join(MOVIE_COLUMNS)}) SELECT tmdb_id, {", ".join(MOVIE_COLUMNS)}
FROM given_movies AS given WHERE NOT EXISTS (SELECT FROM movies WHERE movies.tmdb_id = given.tmdb_id)
ORDER BY line ON CONFLICT DO NOTHING
"""  # noqa: S608 - the columns above
ADD_MOVIE_GENRES = """
INSERT INTO movie_genres (movie_id, genre_id)
SELECT DISTINCT movies.id, genre_id
FROM staged_genres JOIN given_genres AS given USING (tmdb_id) JOIN movies ON movies.tmdb_id = staged_genres.movie
WHERE genre_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM movie_genres AS kept WHERE kept.movie_id = movies.id AND kept.genre_id = given.genre_id)
ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""
UNFOUND_MOVIES = """
SELECT line, movie FROM staged_credits
WHERE NOT EXISTS (SELECT FROM movies WHERE tmdb_id = movie) ORDER BY line
"""

# A character is known by its movie and name: the source does not tell which ones recur.
GATHER_PARTS = """
CREATE TEMPORARY TABLE given_parts ON COMMIT DROP AS
SELECT DISTINCT ON (movies.id, staged_parts.name, persons.id)
    movies.id AS movie_id, staged_parts.name, persons.id AS person_id, role, billing_order
FROM staged_parts
JOIN movies ON movies.tmdb_id = staged_parts.movie
JOIN persons ON persons.tmdb_id = staged_parts.person
ORDER BY movies.id, staged_parts.name, persons.id, billing_order;
ANALYZE given_parts;

CREATE TEMPORARY TABLE given_characters ON COMMIT DROP AS
SELECT
    movie_id, name, role, known.id IS NULL AS is_new,
    coalesce(known.id, nextval(pg_get_serial_sequence('characters', 'id')))::int AS character_id
FROM (
    SELECT DISTINCT ON (movie_id, name) movie_id, name, role
    FROM given_parts ORDER BY movie_id, name, billing_order, person_id
) AS given
LEFT JOIN (
    SELECT DISTINCT ON (movie_id, name) movie_id, name, characters.id
    FROM movie_characters JOIN characters ON characters.id = movie_characters.character_id
    WHERE movie_id IN (SELECT movie_id FROM given_parts)
    ORDER BY movie_id, name, characters.id
) AS known USING (movie_id, name);
ANALYZE given_characters;
"""
ADD_CHARACTERS = """
INSERT INTO characters (id, name, role) SELECT character_id, name, role FROM given_characters WHERE is_new ORDER BY 1
"""
CHANGE_PARTS = update_different(
    "movie_characters",
    {"role": "given.role", "billing_order": "given.billing_order"},
    source="(SELECT * FROM given_parts JOIN (SELECT movie_id, name, character_id FROM given_characters) AS found"
    " USING (movie_id, name))",
    match="kept.movie_id = given.movie_id AND kept.character_id = given.character_id"
    " AND kept.person_id = given.person_id",
)
ADD_PARTS = """
INSERT INTO movie_characters (movie_id, character_id, person_id, role, billing_order)
SELECT movie_id, character_id, person_id, given.role, billing_order
FROM given_parts AS given JOIN given_characters AS found USING (movie_id, name)
WHERE is_new OR NOT EXISTS (
    SELECT FROM movie_characters AS kept WHERE kept.movie_id = given.movie_id
        AND kept.character_id = found.character_id AND kept.person_id = given.person_id
)
ORDER BY movie_id, billing_order, character_id ON CONFLICT DO NOTHING
"""
