"""How far a search goes: every word first, near misses only when that finds nothing good, a person's name last."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from service.catalog.models import Person
from service.catalog.search import ranking
from service.catalog.search.normalise import Query
from service.catalog.search.ranking import Found

# The last effort for movies: those of the person whose name the query is nearest to.
_NAMESAKE = len(ranking.EFFORTS)
# How near that name must be.
_NEAR_NAME = 0.65


class Find(Protocol):
    """A statement that finds movies or people."""

    def __call__(self, query: Query, *, effort: int, after: Sequence[Any] | None, limit: int) -> Awaitable[list[Found]]:
        """Returns the best ones after a position."""
        ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the page before ended, and with how much effort its search was made."""

    effort: int | None = None
    seen: int = 0
    after: Sequence[Any] | None = None

    @classmethod
    def read(cls, position: Sequence[Any] | None) -> Cursor:
        """Returns the cursor in a page token's position."""
        return cls(position[0], position[1], position[2:]) if position else cls()


async def pursue_movies(query: Query, cursor: Cursor, *, limit: int) -> tuple[int, Query, list[Found]]:
    """Returns the effort it took, the query that was asked in the end, and what it found."""
    if cursor.effort == _NAMESAKE:
        query = await _namesake(query, better_than=_NEAR_NAME) or query
        return _NAMESAKE, query, await ranking.find_movies(query, effort=0, after=cursor.after, limit=limit)
    effort, found = await pursue(ranking.find_movies, query, cursor, limit=limit)
    best = found[0].score if found else 0.0
    if cursor.effort is None and best < ranking.EFFORTS[effort]:
        named = await _namesake(query, better_than=max(best, _NEAR_NAME))
        movies = await ranking.find_movies(named, effort=0, after=None, limit=limit) if named is not None else []
        if named is not None and movies:
            return _NAMESAKE, named, movies
    return effort, query, found


async def _namesake(query: Query, *, better_than: float) -> Query | None:
    """Returns the query for the person whose name is nearest, None when none is near enough."""
    nearest = await ranking.find_persons(query, effort=1, after=None, limit=1)
    if not nearest or nearest[0].score <= better_than:
        return None
    person = await Person.filter(id=nearest[0].id).only("id", "first_name", "last_name").first()
    return await ranking.find_query(f"{person.first_name} {person.last_name}") if person else None


async def pursue(find: Find, query: Query, cursor: Cursor, *, limit: int) -> tuple[int, list[Found]]:
    """Takes more effort until what is found is good enough; a later page takes what the first one took."""
    if cursor.effort is not None:
        return cursor.effort, await find(query, effort=cursor.effort, after=cursor.after, limit=limit)
    found: list[Found] = []
    for effort, enough in enumerate(ranking.EFFORTS):
        found = await find(query, effort=effort, after=None, limit=limit)
        if found and found[0].score >= enough:
            break
    return effort, found
