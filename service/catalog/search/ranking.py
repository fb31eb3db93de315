"""Statements of a search: candidates from indexes, a few hundred at most, and the score of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.catalog.search.query import Query, match_all
from service.database.orm import connection

KEYS = "SELECT search_text($1) AS text, search_key($1) AS key"

# $1 texts, $2 key, $3 keys, $4 year, $5 tsquery for titles, $6 for titles and people, $7 whether the query has several
# words, $8-$10 position, $11 limit. With corrections: $12 and $13 keys one and two edits away, $14 tsquery or NULL.
_MOVIES = """
WITH candidate AS MATERIALIZED (
    SELECT movie_id FROM movie_search WHERE title_key = ANY ($3::text[])
    UNION
    SELECT movie_id FROM movie_search WHERE original_key = ANY ($3::text[])
    UNION
    (
        SELECT movie_id FROM movie_search WHERE document @@ $6::text::tsquery
        ORDER BY document @@ $5::text::tsquery DESC, popularity DESC, movie_id LIMIT 500
    ){corrected}
), scored AS (
    SELECT
        candidate.movie_id, popularity, of_title,
        CASE
            WHEN title_text = ANY ($1::text[]) THEN 1.0
            WHEN title_key = ANY ($3) THEN 0.99
            WHEN original_key = ANY ($3) THEN 0.98
            WHEN of_title THEN
                CASE
                    WHEN length(title_text) = length(($1::text[])[1]) THEN 0.97
                    WHEN length(title_key) = length($2) OR length(original_key) = length($2) THEN 0.96
                    WHEN starts_with(title_text, ($1::text[])[1]) THEN 0.84
                    WHEN starts_with(title_key, $2) OR starts_with(original_key, $2) THEN 0.8
                    ELSE 0.75
                END + 0.1 * fame + 0.02 * length($2) / greatest(length(title_key), length($2))
            WHEN of_people THEN 0.5 + CASE WHEN $7 THEN 0.25 ELSE 0 END + 0.1 * fame
            ELSE 0
        END AS word_score,
        CASE WHEN of_title THEN 0 ELSE {similarity} END AS correction_score,
        CASE
            WHEN $4::int IS NULL OR year = $4 OR title_key ~ ('\\m' || $4 || '\\M') THEN 0
            WHEN abs(year - $4) = 1 THEN 0.06
            ELSE 0.3
        END AS year_penalty
    FROM candidate
    -- OFFSET 0 makes the planner look up each row by its key, for any estimated number of candidates.
    CROSS JOIN LATERAL (SELECT * FROM movie_search AS m WHERE m.movie_id = candidate.movie_id OFFSET 0) AS row
    CROSS JOIN LATERAL (
        SELECT
            document @@ $5::text::tsquery AS of_title, document @@ $6::text::tsquery AS of_people,
            ln(1 + popularity) / (4 + ln(1 + popularity)) AS fame
    ) AS matched
), ranked AS (
    SELECT movie_id AS id, popularity::float8 AS weight,
        least(1, greatest(0, greatest(word_score, correction_score) - year_penalty))::float8 AS score,
        NOT of_title AND word_score >= correction_score AND word_score < 0.98 AS of_people
    FROM scored
)
SELECT id, weight, score, of_people FROM ranked
WHERE score >= 0.4 AND ($8::float8 IS NULL OR (score, weight, -id) < ($8, $9::float8, -$10::int))
ORDER BY score DESC, weight DESC, id LIMIT $11
"""
_CORRECTED_CANDIDATES = """
    UNION
    SELECT movie_id FROM movie_search WHERE title_key = ANY ($12::text[] || $13::text[])
    UNION
    SELECT movie_id FROM movie_search WHERE original_key = ANY ($12 || $13)
    UNION
    (
        SELECT movie_id FROM movie_search WHERE document @@ $14::text::tsquery
        ORDER BY search_similarity(title_key, $2) DESC, popularity DESC, movie_id LIMIT 100
    )"""
_CORRECTED_SCORE = """0.9 * greatest(
            -- Two swapped letters are one edit; search_similarity counts two.
            CASE
                WHEN title_key = ANY ($12) OR original_key = ANY ($12) THEN 1 - 1.0 / length($2)
                WHEN title_key = ANY ($13) OR original_key = ANY ($13) THEN 1 - 2.0 / length($2)
            END,
            search_similarity(title_key, $2), search_similarity(original_key, $2), similarity(title_key, $2),
            -- The error may be in an article, or a space may be missing after one.
            search_similarity(title_text, ($1::text[])[1])
        ) + 0.02 * fame"""
MOVIES = _MOVIES.format(corrected="", similarity="0")
CORRECTED_MOVIES = _MOVIES.format(corrected=_CORRECTED_CANDIDATES, similarity=_CORRECTED_SCORE)
"""A separate statement, because planning the corrections takes longer than running the statement without them."""

# $1 key, $2 tsquery, $3 and $4 keys one and two edits away, $5 tsquery of corrections or NULL,
# $6-$8 position, $9 limit.
PERSONS = """
WITH candidate AS MATERIALIZED (
    SELECT person_id FROM person_search WHERE name_key = $1
    UNION
    (
        SELECT person_id FROM person_search WHERE document @@ $2::text::tsquery
        ORDER BY credits DESC, person_id LIMIT 500
    )
    UNION
    SELECT person_id FROM person_search WHERE name_key = ANY ($3::text[] || $4::text[])
    UNION
    (
        SELECT person_id FROM person_search WHERE document @@ $5::text::tsquery
        ORDER BY search_similarity(name_key, $1) DESC, credits DESC, person_id LIMIT 100
    )
), ranked AS (
    SELECT candidate.person_id AS id, credits::float8 AS weight, least(1, CASE
        WHEN name_key = $1 THEN 1
        WHEN document @@ $2::text::tsquery THEN
            CASE WHEN length(name_key) = length($1) THEN 0.96 WHEN starts_with(name_key, $1) THEN 0.8 ELSE 0.75 END
            + 0.1 * fame + 0.05 * length($1) / greatest(length(name_key), length($1))
        ELSE 0.9 * greatest(
            CASE
                WHEN name_key = ANY ($3) THEN 1 - 1.0 / length($1) WHEN name_key = ANY ($4) THEN 1 - 2.0 / length($1)
            END,
            search_similarity(name_key, $1), similarity(name_key, $1)
        ) + 0.02 * fame
    END)::float8 AS score
    FROM candidate
    CROSS JOIN LATERAL (SELECT * FROM person_search AS p WHERE p.person_id = candidate.person_id OFFSET 0) AS row
    CROSS JOIN LATERAL (SELECT ln(1 + credits) / (2 + ln(1 + credits)) AS fame) AS matched
)
SELECT id, weight, score, false AS of_people FROM ranked
WHERE score >= 0.4 AND ($6::float8 IS NULL OR (score, weight, -id) < ($6, $7::float8, -$8::int))
ORDER BY score DESC, weight DESC, id LIMIT $9
"""

# $1 ids of movies, $2 tsquery for any word, $3 for every word.
PEOPLE = """
SELECT DISTINCT ON (movie_id) movie_id, trim(first_name || ' ' || last_name) AS name
FROM (
    SELECT movie_id, person_id FROM movie_characters WHERE movie_id = ANY ($1::int[])
    UNION
    SELECT id, director_id FROM movies WHERE id = ANY ($1)
) AS part
JOIN person_search USING (person_id)
JOIN persons ON persons.id = person_id
WHERE document @@ $2::text::tsquery
ORDER BY movie_id, document @@ $3::text::tsquery DESC, credits DESC, person_id
"""
# $1 key, $2 tsquery, $3 limit. The beginning of many titles is also that of popular ones; the index finds the others.
_TITLES = """
SELECT movie_id AS id, title, coalesce(year, 0) AS year
FROM ({source}) AS candidate JOIN movies ON movies.id = movie_id
WHERE document @@ $2::text::tsquery AND strpos(' ' || title_key, ' ' || $1) > 0
ORDER BY candidate.popularity DESC, movie_id LIMIT $3
"""
POPULAR_TITLES = _TITLES.format(source="SELECT * FROM movie_search ORDER BY popularity DESC, movie_id LIMIT 2000")
TITLES = _TITLES.format(source="SELECT * FROM movie_search")


@dataclass(frozen=True, slots=True)
class Hit:
    """A movie or person that matches a query."""

    id: int
    weight: float
    """Order of equal scores: the popularity of a movie, the number of credits of a person."""
    score: float
    of_people: bool = False
    """True if a movie matches only by its people."""

    @property
    def position(self) -> list[Any]:
        """The position among the results, for a page token."""
        return [self.score, self.weight, self.id]


@dataclass(frozen=True, slots=True)
class Corrected:
    """Additional matches for a mistyped query; none by default."""

    keys: tuple[list[str], list[str]] = ([], [])
    """Keys of titles or names one and two edits away."""
    matching: str | None = None
    """The tsquery for documents with corrected words."""


EXACT = Corrected()


async def find_query(text: str) -> Query | None:
    """Returns a parsed query; None if it has no words to search for."""
    row = (await connection().execute_query_dict(KEYS, [text]))[0]
    return Query.parse(row["text"], row["key"]) if row["key"] else None


async def find_movies(query: Query, *, corrected: Corrected, after: Sequence[Any] | None, limit: int) -> list[Hit]:
    """Returns the movies that match a query or its corrections, best first, after a position."""
    values = [
        list(query.texts),
        query.key,
        list(query.keys),
        query.year,
        query.match_all(""),
        query.match_all("", "@"),
        len(query.words) > 1,
        *(after or [None] * 3),
        limit,
    ]
    if corrected == EXACT:
        return await _hits(MOVIES, values)
    return await _hits(CORRECTED_MOVIES, [*values, *corrected.keys, corrected.matching])


async def find_persons(query: Query, *, corrected: Corrected, after: Sequence[Any] | None, limit: int) -> list[Hit]:
    """Returns the people that match a query or its corrections, best first, after a position."""
    values = [query.key, query.match_all(""), *corrected.keys, corrected.matching]
    return await _hits(PERSONS, [*values, *(after or [None] * 3), limit])


async def find_people(query: Query, movie_ids: Sequence[int]) -> dict[int, str]:
    """Returns the name of the person of each movie that matches a query best, by the id of the movie."""
    if not movie_ids:
        return {}
    rows = await connection().execute_query_dict(PEOPLE, [list(movie_ids), query.match_any(), query.match_all("")])
    return {row["movie_id"]: row["name"] for row in rows}


async def find_titles(prefix: str, *, limit: int) -> list[dict[str, Any]]:
    """Returns id, title and year of the most popular movies whose title contains a key that begins at any word."""
    values = [prefix, match_all(prefix.split(" ")), limit]
    rows = await connection().execute_query_dict(POPULAR_TITLES, values)
    return rows if len(rows) == limit else await connection().execute_query_dict(TITLES, values)


async def _hits(statement: str, values: list[Any]) -> list[Hit]:
    return [Hit(**row) for row in await connection().execute_query_dict(statement, values)]
