"""Search: movies and people by their words, and title suggestions."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from service.api.pagination import Page, PageTokens, page_size
from service.catalog.people.service import PersonDetail, PersonId, PersonReader
from service.catalog.search import ranking, tiers
from service.catalog.search.query import Query, Span, find_spans
from service.catalog.search.ranking import Hit
from service.catalog.search.tiers import SearchPosition, SearchResult
from service.catalog.service import Catalog, MovieId, Titles

MAX_RESULTS = 500
DEFAULT_SUGGESTIONS = 10
MAX_SUGGESTIONS = 20


class MatchedField(enum.Enum):
    """The field of a movie that matches a query."""

    TITLE = enum.auto()
    ORIGINAL_TITLE = enum.auto()
    PERSON = enum.auto()


@dataclass(frozen=True, slots=True)
class Highlight:
    """A text and its parts that match a query."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class MovieMatch:
    """A movie that matches a query; compare scores, 0 to 1, only within one search."""

    movie_id: MovieId
    score: float
    field: MatchedField
    highlight: Highlight


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """A person that matches a query; for the score see MovieMatch."""

    detail: PersonDetail
    score: float
    highlight: Highlight


@dataclass(frozen=True, slots=True)
class TitleSuggestion:
    """A suggested title; the year is 0 if unknown."""

    movie_id: MovieId
    title: Highlight
    year: int


class Search:
    """Searches of the catalogue."""

    def __init__(self, *, catalog: Catalog, people: PersonReader, page_tokens: PageTokens) -> None:
        self._catalog = catalog
        self._people = people
        self._page_tokens = page_tokens

    async def search_movies(self, text: str, *, size: int, page_token: str) -> Page[MovieMatch]:
        """Returns a page of the movies that match best; equal scores by popularity, at most 500 over all pages.

        Raises PageTokenInvalid.
        """
        binding = ("SearchMovies", text)
        position = SearchPosition.read(self._page_tokens.read(page_token, binding=binding))
        query = await ranking.find_query(text)
        if query is None:
            return Page([], "")
        limit = _limit(size, position)
        result = await tiers.search_movies(query, position, limit=limit + 1)
        hits = result.hits[:limit]
        titles = await self._catalog.get_titles([hit.id for hit in hits])
        people = await ranking.find_people(result.query, [hit.id for hit in hits if hit.of_people])
        return Page(
            # A movie that was deleted between the queries is left out.
            [_movie_match(hit, titles[hit.id], people.get(hit.id), result.query) for hit in hits if hit.id in titles],
            self._next_page_token(position, result, hits, binding=binding),
        )

    async def search_persons(self, text: str, *, size: int, page_token: str) -> Page[PersonMatch]:
        """Returns a page of the people that match best; equal scores by credits, at most 500 over all pages.

        Raises PageTokenInvalid.
        """
        binding = ("SearchPersons", text)
        position = SearchPosition.read(self._page_tokens.read(page_token, binding=binding))
        query = await ranking.find_query(text)
        if query is None:
            return Page([], "")
        limit = _limit(size, position)
        result = await tiers.search_persons(query, position, limit=limit + 1)
        hits = result.hits[:limit]
        details = await self._people.get_details([PersonId(hit.id) for hit in hits])
        return Page(
            [_person_match(hit, details[PersonId(hit.id)], query) for hit in hits if PersonId(hit.id) in details],
            self._next_page_token(position, result, hits, binding=binding),
        )

    async def suggest_titles(self, prefix: str, *, limit: int) -> list[TitleSuggestion]:
        """Returns the most popular titles with words that begin with `prefix`; limit 0 means 10, the maximum is 20."""
        query = await ranking.find_query(prefix)
        if query is None:
            return []
        key = query.key_with_year
        titles = await ranking.find_titles(key, limit=min(limit or DEFAULT_SUGGESTIONS, MAX_SUGGESTIONS))
        return [
            TitleSuggestion(
                MovieId(row["id"]), Highlight(row["title"], find_spans(row["title"], key.split(" "))), row["year"]
            )
            for row in titles
        ]

    def _next_page_token(
        self, position: SearchPosition, result: SearchResult, hits: Sequence[Hit], *, binding: Sequence[object]
    ) -> str:
        seen = position.seen + len(hits)
        if len(result.hits) == len(hits) or seen >= MAX_RESULTS:
            return ""
        return self._page_tokens.make([result.tier, seen, *hits[-1].position], binding=binding)


def _limit(size: int, position: SearchPosition) -> int:
    return min(page_size(size), MAX_RESULTS - position.seen)


def _movie_match(hit: Hit, titles: Titles, person: str | None, query: Query) -> MovieMatch:
    texts = {MatchedField.TITLE: titles.title, MatchedField.ORIGINAL_TITLE: titles.original_title}
    if person is not None:
        texts[MatchedField.PERSON] = person
    highlights = {field: _highlight(text, query) for field, text in texts.items() if text}
    # The field with the most matching words; the first one of equals.
    field = max(highlights, key=lambda field: len(highlights[field].spans))
    return MovieMatch(MovieId(hit.id), hit.score, field, highlights[field])


def _person_match(hit: Hit, detail: PersonDetail, query: Query) -> PersonMatch:
    name = f"{detail.person.first_name} {detail.person.last_name}".strip()
    return PersonMatch(detail, hit.score, _highlight(name, query))


def _highlight(text: str, query: Query) -> Highlight:
    return Highlight(text, find_spans(text, query.words))
