"""Queries taken apart, and where their words stand in a text.

What counts as the same letters is PostgreSQL's to say (search_text and search_key in the migrations): a query arrives
here as the key that it made. `fold` only follows it closely enough to mark words for the eye.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_YEAR = re.compile(r"(18[89]|19\d|20\d)\d")
_SPECIAL = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ð": "d", "\u0131": "i"}
)
ARTICLES = frozenset({"the", "a", "an"})
"""What search_key leaves out."""
# Two words may differ by two edits in seven letters and still be marked as one.
_ALIKE = 0.7


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text in code points."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Query:
    """A query as the statements of a search take it."""

    texts: tuple[str, ...]
    """All of it, normalised: as it is, and with an article at its end moved to the front."""
    key: str
    """Without articles and without the year that stands beside other words."""
    keys: tuple[str, ...]
    """What a title's key may equal: with the year among its words, and without."""
    year: int | None

    @classmethod
    def parse(cls, text: str, key: str) -> Query:
        """Takes apart what search_text and search_key made of a query."""
        words = key.split(" ")
        texts = (text, _article_first(text))
        years = [word for word in words if _YEAR.fullmatch(word)]
        if not years or len(words) == 1:
            return cls(texts, key, (key,), None)
        # The last one is the release's: "2001 a space odyssey 1968".
        place = len(words) - 1 - words[::-1].index(years[-1])
        without = " ".join(words[:place] + words[place + 1 :])
        return cls(texts, without, (key, without), int(years[-1]))

    @property
    def words(self) -> list[str]:
        """The words of the key."""
        return self.key.split(" ")

    @property
    def typed(self) -> str:
        """The key as it is, a year being a word like others."""
        return self.keys[0]

    def matching(self, *fields: str) -> str:
        """Returns the tsquery of documents with every word, the last one perhaps longer.

        A field is what stands before a word in a document: nothing for titles and names, "@" for a movie's people.
        """
        return every(self.words, *fields)

    def matching_any(self) -> str:
        """Returns the tsquery of names with at least one word, the last one perhaps longer."""
        return " | ".join(_lexemes(self.words, ""))


def _article_first(text: str) -> str:
    rest, _, last = text.rpartition(" ")
    return f"{last} {rest}" if rest and last in ARTICLES else text


def fold(text: str) -> str:
    """Returns a text in small letters without accents."""
    apart = unicodedata.normalize("NFKD", text).lower()
    return "".join(c for c in apart if not unicodedata.combining(c) and c not in "'\u2019").translate(_SPECIAL)


def spans(text: str, words: Sequence[str]) -> tuple[Span, ...]:
    """Returns where `words` stand in a text: whole, as the beginning of a word, or with typing errors."""
    found = (_marked(match.group(), match.start(), words) for match in _WORD.finditer(text))
    return tuple(span for span in found if span is not None)


def _marked(written: str, start: int, words: Sequence[str]) -> Span | None:
    folded = fold(written)
    begun = max((len(word) for word in words if folded.startswith(word)), default=0)
    if begun:
        return Span(start, begun if len(folded) == len(written) else len(written))
    alike = any(SequenceMatcher(None, folded, word, autojunk=False).ratio() >= _ALIKE for word in words)
    return Span(start, len(written)) if alike else None


def every(words: Sequence[str], *fields: str) -> str:
    """Returns the tsquery of documents with every word in one of some fields."""
    alternatives = zip(*(_lexemes(words, field) for field in fields or ("",)), strict=True)
    return " & ".join(f"({' | '.join(lexemes)})" for lexemes in alternatives)


def _lexemes(words: Sequence[str], field: str) -> list[str]:
    *whole, begun = (lexeme(field + word) for word in words)
    return [*whole, f"{begun}:*"]


def lexeme(word: str) -> str:
    """Returns a word as a tsquery writes it."""
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
