"""Searches of movies and people, and titles to offer while one types."""

from __future__ import annotations

from collections.abc import Sequence

from service.api.pagination import Page, PageTokens, page_size
from service.catalog.people.service import PersonReader
from service.catalog.people.values import PersonDetail, PersonId
from service.catalog.search import ranking
from service.catalog.search.normalise import Query, spans
from service.catalog.search.ranking import Found
from service.catalog.search.tiers import Cursor, pursue_movies, pursue_persons
from service.catalog.search.values import Highlight, MatchedField, MovieMatch, PersonMatch, TitleSuggestion
from service.catalog.service import Catalog, MovieId, Titles

MOST_RESULTS = 500
DEFAULT_SUGGESTIONS = 10
MOST_SUGGESTIONS = 20


class Search:
    """What is in the catalogue by its words."""

    def __init__(self, *, catalog: Catalog, people: PersonReader, page_tokens: PageTokens) -> None:
        self._catalog = catalog
        self._people = people
        self._page_tokens = page_tokens

    async def search_movies(self, text: str, *, size: int, page_token: str) -> Page[MovieMatch]:
        """Returns a page of the movies that fit best, ties by popularity; at most 500 over all pages.

        Raises PageTokenInvalid.
        """
        binding = ("SearchMovies", text)
        cursor = Cursor.read(self._page_tokens.read(page_token, binding=binding))
        query = await ranking.find_query(text)
        if query is None:
            return Page([], "")
        effort, query, found = await pursue_movies(query, cursor, limit=_room(size, cursor) + 1)
        page = found[: _room(size, cursor)]
        titles = await self._catalog.get_titles([movie.id for movie in page])
        people = await ranking.find_people(query, [movie.id for movie in page if movie.of_people])
        return Page(
            # A movie that was deleted between the queries is left out.
            [
                _movie_match(movie, titles[movie.id], people.get(movie.id), query)
                for movie in page
                if movie.id in titles
            ],
            self._next(cursor, effort, page, found, binding=binding),
        )

    async def search_persons(self, text: str, *, size: int, page_token: str) -> Page[PersonMatch]:
        """Returns a page of the people that fit best, ties by the number of credits; at most 500 over all pages.

        Raises PageTokenInvalid.
        """
        binding = ("SearchPersons", text)
        cursor = Cursor.read(self._page_tokens.read(page_token, binding=binding))
        query = await ranking.find_query(text)
        if query is None:
            return Page([], "")
        effort, found = await pursue_persons(query, cursor, limit=_room(size, cursor) + 1)
        page = found[: _room(size, cursor)]
        details = await self._people.get_details([PersonId(person.id) for person in page])
        return Page(
            [
                _person_match(person, details[PersonId(person.id)], query)
                for person in page
                if PersonId(person.id) in details
            ],
            self._next(cursor, effort, page, found, binding=binding),
        )

    async def suggest_titles(self, prefix: str, *, limit: int) -> list[TitleSuggestion]:
        """Returns titles with a word that what was typed begins at, the most popular first; 0 means 10, 20 at most."""
        query = await ranking.find_query(prefix)
        if query is None:
            return []
        titles = await ranking.find_titles(query.typed, limit=min(limit or DEFAULT_SUGGESTIONS, MOST_SUGGESTIONS))
        return [
            TitleSuggestion(
                MovieId(row["id"]), Highlight(row["title"], spans(row["title"], query.typed.split(" "))), row["year"]
            )
            for row in titles
        ]

    def _next(
        self,
        cursor: Cursor,
        effort: int,
        page: Sequence[Found],
        found: Sequence[Found],
        *,
        binding: Sequence[object],
    ) -> str:
        seen = cursor.seen + len(page)
        if len(found) == len(page) or seen >= MOST_RESULTS:
            return ""
        return self._page_tokens.make([effort, seen, *page[-1].position], binding=binding)


def _room(size: int, cursor: Cursor) -> int:
    return min(page_size(size), MOST_RESULTS - cursor.seen)


def _movie_match(found: Found, titles: Titles, person: str | None, query: Query) -> MovieMatch:
    texts = {MatchedField.TITLE: titles.title, MatchedField.ORIGINAL_TITLE: titles.original_title}
    if person is not None:
        texts[MatchedField.PERSON] = person
    highlights = {field: _highlight(text, query) for field, text in texts.items() if text}
    # The earlier one of those that hold as many of the words.
    field = max(highlights, key=lambda field: len(highlights[field].spans))
    return MovieMatch(MovieId(found.id), found.score, field, highlights[field])


def _person_match(found: Found, detail: PersonDetail, query: Query) -> PersonMatch:
    name = f"{detail.person.first_name} {detail.person.last_name}".strip()
    return PersonMatch(detail, found.score, _highlight(name, query))


def _highlight(text: str, query: Query) -> Highlight:
    return Highlight(text, spans(text, query.words))
