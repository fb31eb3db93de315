"""What a search finds."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from service.catalog.people.values import PersonDetail
from service.catalog.search.normalise import Span
from service.catalog.service import MovieId


class MatchedField(enum.Enum):
    """What of a movie a query was found in."""

    TITLE = enum.auto()
    ORIGINAL_TITLE = enum.auto()
    PERSON = enum.auto()


@dataclass(frozen=True, slots=True)
class Highlight:
    """A text and the parts of it that a query was found in."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class MovieMatch:
    """A movie that fits a query; scores, 0 to 1, compare within one search only."""

    movie_id: MovieId
    score: float
    field: MatchedField
    highlight: Highlight


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """A person who fits a query, with the same scores."""

    detail: PersonDetail
    score: float
    highlight: Highlight


@dataclass(frozen=True, slots=True)
class TitleSuggestion:
    """A title to offer; the year is 0 when not known."""

    movie_id: MovieId
    title: Highlight
    year: int
