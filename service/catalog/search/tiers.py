"""Search tiers: exact words, then corrections if these find nothing good, then the movies of the nearest person."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from service.catalog.models import Person
from service.catalog.search import ranking
from service.catalog.search.corrections import Corrections, find_corrections
from service.catalog.search.query import Query
from service.catalog.search.ranking import EXACT, Corrected, Hit

SUFFICIENT_SCORES = (0.7, 0.6, 0.55, 0.55)
"""Best score with which a tier suffices: exact words, corrected titles and names, corrected words, all but one."""
_WHOLE, _EVERY_WORD = 1, 2
_PERSON_FALLBACK = len(SUFFICIENT_SCORES)
"""The last tier for movies: the movies of the person whose name is nearest to the query."""
_MIN_NAME_SCORE = 0.65
"""Score of a name from which the person fallback uses it."""
_MOVIE_FIELDS = ("", "@")
"""Prefixes of words in the documents of movies: titles, and people."""
_PERSON_FIELDS = ("",)


class Find(Protocol):
    """A statement that finds movies or people."""

    def __call__(
        self, query: Query, *, corrected: Corrected, after: Sequence[Any] | None, limit: int
    ) -> Awaitable[list[Hit]]:
        """Returns the best hits after a position."""
        ...


@dataclass(frozen=True, slots=True)
class SearchPosition:
    """End of the previous page, and the tier that found it."""

    tier: int | None = None
    seen: int = 0
    after: Sequence[Any] | None = None

    @classmethod
    def read(cls, position: Sequence[Any] | None) -> SearchPosition:
        """Returns the position in a page token; the beginning for None."""
        return cls(position[0], position[1], position[2:]) if position else cls()


class SearchResult(NamedTuple):
    """The hits of a page, with the tier and the query that found them."""

    tier: int
    query: Query
    hits: list[Hit]


async def search_movies(query: Query, position: SearchPosition, *, limit: int) -> SearchResult:
    """Returns the best movies after a position, from the first tier that suffices."""
    search = _TieredSearch(query, ranking.find_movies, _MOVIE_FIELDS)
    if position.tier == _PERSON_FALLBACK:
        named = await search.find_nearest_person(better_than=_MIN_NAME_SCORE) or query
        hits = await ranking.find_movies(named, corrected=EXACT, after=position.after, limit=limit)
        return SearchResult(_PERSON_FALLBACK, named, hits)
    result = await search.run(position, limit=limit)
    best = result.hits[0].score if result.hits else 0.0
    if position.tier is None and best < SUFFICIENT_SCORES[result.tier]:
        person = await search.find_nearest_person(better_than=max(best, _MIN_NAME_SCORE))
        if person is not None:
            hits = await ranking.find_movies(person, corrected=EXACT, after=None, limit=limit)
            if hits:
                return SearchResult(_PERSON_FALLBACK, person, hits)
    return result


async def search_persons(query: Query, position: SearchPosition, *, limit: int) -> SearchResult:
    """Returns the best people after a position, from the first tier that suffices."""
    return await _TieredSearch(query, ranking.find_persons, _PERSON_FIELDS).run(position, limit=limit)


class _TieredSearch:
    """One search; finds the corrections of its query at most once."""

    def __init__(self, query: Query, find: Find, fields: Sequence[str]) -> None:
        self._query = query
        self._find = find
        self._fields = fields
        self._corrections: Corrections | None = None
        self._keys: tuple[list[str], list[str]] = ([], [])

    async def run(self, position: SearchPosition, *, limit: int) -> SearchResult:
        """Tries one tier after the other until one suffices; a later page uses the tier of the first page."""
        if position.tier is not None:
            corrected = await self._corrected(position.tier, self._fields) or EXACT
            hits = await self._find(self._query, corrected=corrected, after=position.after, limit=limit)
            return SearchResult(position.tier, self._query, hits)
        used_tier, hits = 0, await self._find(self._query, corrected=EXACT, after=None, limit=limit)
        for tier, sufficient in enumerate(SUFFICIENT_SCORES[:-1], 1):
            if hits and hits[0].score >= sufficient:
                break
            corrections = await self._corrected(tier, self._fields)
            if corrections is not None:
                used_tier = tier
                hits = await self._find(self._query, corrected=corrections, after=None, limit=limit)
        return SearchResult(used_tier, self._query, hits)

    async def find_nearest_person(self, *, better_than: float) -> Query | None:
        """Returns the query for the person with the nearest name; None if no name scores better than `better_than`."""
        corrected = await self._corrected(_WHOLE, _PERSON_FIELDS) or EXACT
        nearest = await ranking.find_persons(self._query, corrected=corrected, after=None, limit=1)
        if not nearest or nearest[0].score <= better_than:
            return None
        person = await Person.filter(id=nearest[0].id).only("id", "first_name", "last_name").first()
        return await ranking.find_query(f"{person.first_name} {person.last_name}") if person else None

    async def _corrected(self, tier: int, fields: Sequence[str]) -> Corrected | None:
        """Returns the additional matches of a tier; None if it has none."""
        if not tier:
            return EXACT
        if self._corrections is None:
            self._corrections = await find_corrections(self._query)
            self._keys = self._corrections.keys()
        if tier == _WHOLE:
            return Corrected(self._keys) if any(self._keys) else None
        match = self._corrections.match_all if tier == _EVERY_WORD else self._corrections.match_all_but_one
        matching = match(*fields)
        return Corrected(self._keys, matching) if matching else None
