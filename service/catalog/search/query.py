"""Parsed queries, the tsqueries for them, and the parts of a text that they match.

PostgreSQL decides which letters are the same (the functions search_text and search_key in the migrations): a query is
parsed from the key that PostgreSQL made. `fold` follows those functions closely enough to highlight words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_YEAR = re.compile(r"(18[89]|19\d|20\d)\d")
_SPECIAL = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ð": "d", "\u0131": "i"}
)
ARTICLES = frozenset({"the", "a", "an"})
"""Words that search_key leaves out."""
MIN_SIMILARITY = 0.7
"""Similarity from which a word is highlighted as a mistyped word of the query: two edits in seven letters."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, in code points."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Query:
    """A query in the forms that the statements of a search need."""

    texts: tuple[str, ...]
    """The whole query, normalized: unchanged, and with an article at its end moved to the front."""
    key: str
    """The words without articles, and without a year next to other words."""
    keys: tuple[str, ...]
    """Keys that the key of a title may equal: with the year and without it."""
    year: int | None

    @classmethod
    def parse(cls, text: str, key: str) -> Query:
        """Parses the results of search_text and search_key for a query."""
        words = key.split(" ")
        texts = (text, _article_first(text))
        years = [word for word in words if _YEAR.fullmatch(word)]
        if not years or len(words) == 1:
            return cls(texts, key, (key,), None)
        # The last year is the release year: "2001 a space odyssey 1968".
        index = len(words) - 1 - words[::-1].index(years[-1])
        without_year = " ".join(words[:index] + words[index + 1 :])
        return cls(texts, without_year, (key, without_year), int(years[-1]))

    @property
    def words(self) -> list[str]:
        """The words of the key."""
        return self.key.split(" ")

    @property
    def key_with_year(self) -> str:
        """The key in which a year is a word like any other."""
        return self.keys[0]

    def match_all(self, *fields: str) -> str:
        """Returns the tsquery for documents with every word; the last word may be the beginning of a longer one.

        A field is the prefix of words in a document: empty for titles and names, "@" for the people of a movie.
        """
        return match_all(self.words, *fields)

    def match_any(self) -> str:
        """Returns the tsquery for names with at least one word; the last word may be the beginning of a longer one."""
        return " | ".join(_lexemes(self.words, ""))


def _article_first(text: str) -> str:
    rest, _, last = text.rpartition(" ")
    return f"{last} {rest}" if rest and last in ARTICLES else text


def match_all(words: Sequence[str], *fields: str) -> str:
    """Returns the tsquery for documents with every word in one of the fields; see Query.match_all."""
    alternatives = zip(*(_lexemes(words, field) for field in fields or ("",)), strict=True)
    return " & ".join(f"({' | '.join(lexemes)})" for lexemes in alternatives)


def _lexemes(words: Sequence[str], field: str) -> list[str]:
    *whole, last = (lexeme(field + word) for word in words)
    return [*whole, f"{last}:*"]


def lexeme(word: str) -> str:
    """Returns a word in the syntax of a tsquery."""
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def fold(text: str) -> str:
    """Returns a text in lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text).lower()
    return "".join(c for c in decomposed if not unicodedata.combining(c) and c not in "'\u2019").translate(_SPECIAL)


def find_spans(text: str, words: Sequence[str]) -> tuple[Span, ...]:
    """Returns the parts of a text that are one of `words`, begin with one, or are a mistyped one."""
    spans = (_span(match.group(), match.start(), words) for match in _WORD.finditer(text))
    return tuple(span for span in spans if span is not None)


def _span(written: str, start: int, words: Sequence[str]) -> Span | None:
    folded = fold(written)
    prefix_length = max((len(word) for word in words if folded.startswith(word)), default=0)
    if prefix_length:
        return Span(start, prefix_length if len(folded) == len(written) else len(written))
    is_similar = any(
        Indel.normalized_similarity(folded, word, score_cutoff=MIN_SIMILARITY) >= MIN_SIMILARITY for word in words
    )
    return Span(start, len(written)) if is_similar else None
