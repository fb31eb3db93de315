"""How far a search goes: every word first, near misses only when that finds nothing good, a person's name last."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from service.catalog.models import Person
from service.catalog.search import ranking
from service.catalog.search.corrections import Corrections, find_corrections
from service.catalog.search.normalise import Query
from service.catalog.search.ranking import EXACTLY, Found, Near

# Efforts past the words as they are: a whole title or name that was mistyped, and then its words among others.
_WHOLE, _EVERY_WORD = 1, 2
# The last effort for movies: those of the person whose name the query is nearest to.
_NAMESAKE = len(ranking.EFFORTS)
# How near that name must be.
_NEAR_NAME = 0.65
# The documents that movies and people are found in by their words: with a movie's people behind an @.
_MOVIE_FIELDS = ("", "@")
_PERSON_FIELDS = ("",)


class Find(Protocol):
    """A statement that finds movies or people."""

    def __call__(self, query: Query, *, near: Near, after: Sequence[Any] | None, limit: int) -> Awaitable[list[Found]]:
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
    pursuit = _Pursuit(query, ranking.find_movies, _MOVIE_FIELDS)
    if cursor.effort == _NAMESAKE:
        query = await pursuit.namesake(better_than=_NEAR_NAME) or query
        return _NAMESAKE, query, await ranking.find_movies(query, near=EXACTLY, after=cursor.after, limit=limit)
    effort, found = await pursuit.run(cursor, limit=limit)
    best = found[0].score if found else 0.0
    if cursor.effort is None and best < ranking.EFFORTS[effort]:
        named = await pursuit.namesake(better_than=max(best, _NEAR_NAME))
        movies = await ranking.find_movies(named, near=EXACTLY, after=None, limit=limit) if named is not None else []
        if named is not None and movies:
            return _NAMESAKE, named, movies
    return effort, query, found


async def pursue_persons(query: Query, cursor: Cursor, *, limit: int) -> tuple[int, list[Found]]:
    """Returns the effort it took, and what it found."""
    return await _Pursuit(query, ranking.find_persons, _PERSON_FIELDS).run(cursor, limit=limit)


class _Pursuit:
    """One search, which corrects its query at most once."""

    def __init__(self, query: Query, find: Find, fields: Sequence[str]) -> None:
        self._query = query
        self._find = find
        self._fields = fields
        self._corrections: Corrections | None = None
        self._keys: tuple[list[str], list[str]] = ([], [])

    async def run(self, cursor: Cursor, *, limit: int) -> tuple[int, list[Found]]:
        """Takes more effort until what is found is good enough; a later page takes what the first one took."""
        if cursor.effort is not None:
            same = await self._near(cursor.effort, self._fields) or EXACTLY
            return cursor.effort, await self._find(self._query, near=same, after=cursor.after, limit=limit)
        taken, found = 0, await self._find(self._query, near=EXACTLY, after=None, limit=limit)
        for effort, enough in enumerate(ranking.EFFORTS[:-1]):
            if found and found[0].score >= enough:
                break
            near = await self._near(effort + 1, self._fields)
            if near is not None:
                taken, found = effort + 1, await self._find(self._query, near=near, after=None, limit=limit)
        return taken, found

    async def namesake(self, *, better_than: float) -> Query | None:
        """Returns the query for the person whose name is nearest, None when none is near enough."""
        near = await self._near(_WHOLE, _PERSON_FIELDS) or EXACTLY
        nearest = await ranking.find_persons(self._query, near=near, after=None, limit=1)
        if not nearest or nearest[0].score <= better_than:
            return None
        person = await Person.filter(id=nearest[0].id).only("id", "first_name", "last_name").first()
        return await ranking.find_query(f"{person.first_name} {person.last_name}") if person else None

    async def _near(self, effort: int, fields: Sequence[str]) -> Near | None:
        """Returns what passes for the query with an effort; None when that is no more than with less."""
        if not effort:
            return EXACTLY
        if self._corrections is None:
            self._corrections = await find_corrections(self._query)
            self._keys = self._corrections.keys()
        if effort == _WHOLE:
            return Near(self._keys) if any(self._keys) else None
        asked = self._corrections.matching if effort == _EVERY_WORD else self._corrections.matching_most
        matching = asked(*fields)
        return Near(self._keys, matching) if matching else None
