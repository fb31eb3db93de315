"""The statements of a search: candidates from indexes, at most some hundred, and how well each fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.catalog.search.normalise import Query, every
from service.database.orm import connection

EFFORTS = (0.7, 0.6, 0.55, 0.55)
"""What the best score must reach for an effort to be enough: every word as it is; a title or name that is the query
but for its typing errors; words with such errors among others; those but one."""

KEYS = "SELECT search_text($1) AS text, search_key($1) AS key"

# $1 texts, $2 key, $3 keys, $4 year, $5 tsquery of titles, $6 of titles and people, $7 whether several words fit people
# alone, $8-$10 position, $11 limit; with what is near, $12 and $13 keys one and two edits away, $14 tsquery or NULL.
_MOVIES = """
WITH candidate AS MATERIALIZED (
    SELECT movie_id FROM movie_search WHERE title_key = ANY ($3::text[])
    UNION
    SELECT movie_id FROM movie_search WHERE original_key = ANY ($3::text[])
    UNION
    (
        SELECT movie_id FROM movie_search WHERE document @@ $6::text::tsquery
        ORDER BY document @@ $5::text::tsquery DESC, popularity DESC, movie_id LIMIT 500
    ){nearby}
), fit AS (
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
        END AS worded,
        CASE WHEN of_title THEN 0 ELSE {likeness} END AS near,
        CASE
            WHEN $4::int IS NULL OR year = $4 OR title_key ~ ('\\m' || $4 || '\\M') THEN 0
            WHEN abs(year - $4) = 1 THEN 0.06
            ELSE 0.3
        END AS astray
    FROM candidate
    -- Row by row through the key, however many the planner expects.
    CROSS JOIN LATERAL (SELECT * FROM movie_search AS m WHERE m.movie_id = candidate.movie_id OFFSET 0) AS row
    CROSS JOIN LATERAL (
        SELECT
            document @@ $5::text::tsquery AS of_title, document @@ $6::text::tsquery AS of_people,
            ln(1 + popularity) / (4 + ln(1 + popularity)) AS fame
    ) AS judged
), ranked AS (
    SELECT movie_id AS id, popularity::float8 AS weight,
        least(1, greatest(0, greatest(worded, near) - astray))::float8 AS score,
        NOT of_title AND worded >= near AND worded < 0.98 AS of_people
    FROM fit
)
SELECT id, weight, score, of_people FROM ranked
WHERE score >= 0.4 AND ($8::float8 IS NULL OR (score, weight, -id) < ($8, $9::float8, -$10::int))
ORDER BY score DESC, weight DESC, id LIMIT $11
"""
_NEAR_MOVIES = """
    UNION
    SELECT movie_id FROM movie_search WHERE title_key = ANY ($12::text[] || $13::text[])
    UNION
    SELECT movie_id FROM movie_search WHERE original_key = ANY ($12 || $13)
    UNION
    (
        SELECT movie_id FROM movie_search WHERE document @@ $14::text::tsquery
        ORDER BY search_similarity(title_key, $2) DESC, popularity DESC, movie_id LIMIT 100
    )"""
_LIKE_MOVIES = """0.9 * greatest(
            -- Letters that were swapped are one edit, of which search_similarity sees two.
            CASE
                WHEN title_key = ANY ($12) OR original_key = ANY ($12) THEN 1 - 1.0 / length($2)
                WHEN title_key = ANY ($13) OR original_key = ANY ($13) THEN 1 - 2.0 / length($2)
            END,
            search_similarity(title_key, $2), search_similarity(original_key, $2), similarity(title_key, $2),
            -- The error may be in an article, or where one was torn off.
            search_similarity(title_text, ($1::text[])[1])
        ) + 0.02 * fame"""
MOVIES = _MOVIES.format(nearby="", likeness="0")
NEAR_MOVIES = _MOVIES.format(nearby=_NEAR_MOVIES, likeness=_LIKE_MOVIES)
"""Two statements, as planning what is not asked for takes longer than asking what is."""

# $1 key, $2 tsquery, $3 and $4 keys one and two edits away, $5 tsquery of what is near or NULL, $6-$8 position,
# $9 limit.
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
    CROSS JOIN LATERAL (SELECT ln(1 + credits) / (2 + ln(1 + credits)) AS fame) AS judged
)
SELECT id, weight, score, false AS of_people FROM ranked
WHERE score >= 0.4 AND ($6::float8 IS NULL OR (score, weight, -id) < ($6, $7::float8, -$8::int))
ORDER BY score DESC, weight DESC, id LIMIT $9
"""

# $1 ids of movies, $2 tsquery of any word, $3 of every word.
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
# $1 key, $2 tsquery, $3 limit. What begins like many titles is met among the popular ones, what is rare in the index.
_TITLES = """
SELECT movie_id AS id, title, coalesce(year, 0) AS year
FROM ({source}) AS offered JOIN movies ON movies.id = movie_id
WHERE document @@ $2::text::tsquery AND strpos(' ' || title_key, ' ' || $1) > 0
ORDER BY offered.popularity DESC, movie_id LIMIT $3
"""
POPULAR_TITLES = _TITLES.format(source="SELECT * FROM movie_search ORDER BY popularity DESC, movie_id LIMIT 2000")
TITLES = _TITLES.format(source="SELECT * FROM movie_search")


@dataclass(frozen=True, slots=True)
class Found:
    """A movie or person that fits a query."""

    id: int
    weight: float
    """What ties are broken by: a movie's popularity, the number of a person's credits."""
    score: float
    of_people: bool = False
    """Whether a movie fits by its people alone."""

    @property
    def position(self) -> list[Any]:
        """Where it stands among the results."""
        return [self.score, self.weight, self.id]


async def find_query(text: str) -> Query | None:
    """Returns a query taken apart, None when nothing is in it to search for."""
    row = (await connection().execute_query_dict(KEYS, [text]))[0]
    return Query.parse(row["text"], row["key"]) if row["key"] else None


@dataclass(frozen=True, slots=True)
class Near:
    """What passes for a query, besides its own words; nothing by default."""

    keys: tuple[list[str], list[str]] = ([], [])
    """Keys of titles or names one and two edits away."""
    matching: str | None = None
    """The tsquery of documents with words that are near."""


EXACTLY = Near()


async def find_movies(query: Query, *, near: Near, after: Sequence[Any] | None, limit: int) -> list[Found]:
    """Returns the movies that fit a query, or what passes for it, best, after a position."""
    values = [
        list(query.texts),
        query.key,
        list(query.keys),
        query.year,
        query.matching(""),
        query.matching("", "@"),
        len(query.words) > 1,
        *(after or [None] * 3),
        limit,
    ]
    if near == EXACTLY:
        return await _found(MOVIES, values)
    return await _found(NEAR_MOVIES, [*values, *near.keys, near.matching])


async def find_persons(query: Query, *, near: Near, after: Sequence[Any] | None, limit: int) -> list[Found]:
    """Returns the people that fit a query, or what passes for it, best, after a position."""
    values = [query.key, query.matching(""), *near.keys, near.matching]
    return await _found(PERSONS, [*values, *(after or [None] * 3), limit])


async def find_people(query: Query, movie_ids: Sequence[int]) -> dict[int, str]:
    """Returns who of each movie a query means, by the movie's id."""
    if not movie_ids:
        return {}
    rows = await connection().execute_query_dict(PEOPLE, [list(movie_ids), query.matching_any(), query.matching("")])
    return {row["movie_id"]: row["name"] for row in rows}


async def find_titles(prefix: str, *, limit: int) -> list[dict[str, Any]]:
    """Returns id, title and year of the most popular movies whose title has the words of a key, from some word on."""
    values = [prefix, every(prefix.split(" ")), limit]
    rows = await connection().execute_query_dict(POPULAR_TITLES, values)
    return rows if len(rows) == limit else await connection().execute_query_dict(TITLES, values)


async def _found(statement: str, values: list[Any]) -> list[Found]:
    return [Found(**row) for row in await connection().execute_query_dict(statement, values)]
