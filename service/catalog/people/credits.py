"""Credits of people: the movies that they directed, and their appearances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.api.pagination import Page, PageTokens, page_size
from service.catalog.cast.service import get_appearances
from service.catalog.errors import PersonNotFound
from service.catalog.models import MovieCharacter, Person
from service.catalog.people.service import PersonId
from service.database.orm import connection
from service.media.service import Media
from service.media.values import Image

# A direction has cast_id 0, so that it comes before the appearances in the same movie. A missing release date is
# -infinity, which asyncpg reads and writes as Python's first date.
PARTS = """
SELECT m.id AS movie_id, m.title, m.release_date, m.poster_id, p.cast_id,
    coalesce(m.release_date, '-infinity') AS released
FROM (
    SELECT id AS movie_id, 0 AS cast_id FROM movies WHERE director_id = $1
    UNION ALL
    SELECT movie_id, id FROM movie_characters WHERE person_id = $1
) AS p JOIN movies AS m ON m.id = p.movie_id
"""
AFTER = "WHERE (coalesce(m.release_date, '-infinity'), m.id, -p.cast_id) < ($2, $3, $4)"
ORDER = "ORDER BY coalesce(m.release_date, '-infinity') DESC, m.id DESC, p.cast_id"


@dataclass(frozen=True, slots=True)
class Credit:
    """Work of a person in one movie: an appearance, or the direction if there is no appearance."""

    movie_id: int
    title: str
    release_date: date | None
    poster: Image | None
    appearance: MovieCharacter | None
    """Its movie, character and person are loaded."""


class Credits:
    """The credits of people."""

    def __init__(self, *, media: Media, page_tokens: PageTokens) -> None:
        self._media = media
        self._page_tokens = page_tokens

    async def list_person_credits(self, person_id: PersonId, *, size: int, page_token: str) -> Page[Credit]:
        """Returns a page of a person's credits, the newest movie first, movies without a date last.

        Size 0 is the default. Raises PersonNotFound, PageTokenInvalid.
        """
        binding = ("ListPersonCredits", person_id)
        position = self._page_tokens.read(page_token, binding=binding)
        if not await Person.exists(id=person_id):
            raise PersonNotFound(person_id)
        limit = page_size(size)
        rows = await _rows(person_id, position, limit=limit + 1)
        page, more = rows[:limit], len(rows) > limit
        appearances = await get_appearances([row["cast_id"] for row in page if row["cast_id"]])
        posters = await self._media.get_images({row["poster_id"] for row in page if row["poster_id"] is not None})
        return Page(
            # An appearance that was removed between the two queries is left out.
            [_credit(row, appearances, posters) for row in page if not row["cast_id"] or row["cast_id"] in appearances],
            self._page_tokens.make(_position(page[-1]), binding=binding) if more else "",
        )


async def _rows(person_id: PersonId, position: Sequence[Any] | None, *, limit: int) -> list[dict[str, Any]]:
    after, values = "", []
    if position is not None:
        after, values = AFTER, [date.fromisoformat(position[0]), *position[1:]]
    return await connection().execute_query_dict(f"{PARTS} {after} {ORDER} LIMIT {limit:d}", [person_id, *values])


def _position(row: Mapping[str, Any]) -> list[Any]:
    return [row["released"].isoformat(), row["movie_id"], -row["cast_id"]]


def _credit(row: Mapping[str, Any], appearances: Mapping[int, MovieCharacter], posters: Mapping[int, Image]) -> Credit:
    return Credit(
        movie_id=row["movie_id"],
        title=row["title"],
        release_date=row["release_date"],
        poster=posters.get(row["poster_id"]),
        appearance=appearances[row["cast_id"]] if row["cast_id"] else None,
    )
