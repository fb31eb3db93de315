"""Corrections of mistyped queries: words of the catalogue that are near the words of a query, and texts made of them.

The vocabulary (search_words in the migrations) grows much more slowly than the number of titles, and each corrected
text is looked up as a whole. So the cost of a correction hardly depends on the size of the catalogue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TypeAlias

from rapidfuzz.distance import OSA

from service.catalog.search.query import ARTICLES, Query, lexeme
from service.database.orm import connection

MAX_EDITS = 2
MAX_WORDS = 12
"""Longer queries are not corrected: they are rarely titles, and each word costs a look-up."""
MAX_WORD_LENGTH = 40
MAX_NEAR_WORDS = 120
MAX_TEXTS = 600
MAX_ALTERNATIVES = 8
"""Corrections of one word in a tsquery; each of them is read from an index."""
MIN_WORDS_TO_DROP_ONE = 3
"""Words of a query from which one may be missing; with fewer, the rest says too little."""
SHORT_WORD = 4
"""Longest word that gets at most one edit: two edits make nearly any other word of it."""
MIN_JOINED_LENGTH = 6
"""Length from which a word may be two joined words, one of them mistyped."""

# $1 words to find near words of, $2 number of near words for each, $3 words to find unchanged.
NEAR_WORDS = """
SELECT asked, word, edits FROM unnest($1::text[]) AS asked CROSS JOIN LATERAL similar_words(asked, $2)
UNION
SELECT word, word, 0 FROM search_words WHERE word = ANY ($3::text[])
"""

Vocabulary: TypeAlias = Mapping[str, Mapping[str, int]]
"""For each word that was looked up: the near or equal words of the catalogue, with their distance in edits."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Words of the catalogue for some adjacent words of a query; no words for an article."""

    start: int
    end: int
    words: tuple[str, ...]
    edits: int


@dataclass(frozen=True, slots=True)
class Corrections:
    """All corrections of parts of a query, the nearest first."""

    query: Query
    corrections: tuple[Correction, ...]

    def keys(self) -> tuple[list[str], list[str]]:
        """Returns the keys one and two edits away, at most MAX_TEXTS of each, without the query's own key."""
        by_end: dict[int, list[Correction]] = defaultdict(list)
        for correction in self.corrections:
            by_end[correction.end].append(correction)
        # By number of words and number of edits: the texts so far, in the order in which they were found.
        texts: list[list[dict[tuple[str, ...], None]]] = [[{(): None}, {}, {}]]
        for end in range(1, len(self.query.words) + 1):
            texts.append([{}, {}, {}])
            for correction in by_end[end]:
                for edits in range(MAX_EDITS + 1 - correction.edits):
                    found = texts[end][edits + correction.edits]
                    room = MAX_TEXTS - len(found)
                    earlier = list(texts[correction.start][edits])[: max(room, 0)]
                    found.update(dict.fromkeys((*text, *correction.words) for text in earlier))
        same, one, two = ({" ".join(text) for text in found if text} for found in texts[-1])
        same.add(self.query.key)
        return sorted(one - same), sorted(two - one - same)

    def match_all(self, *fields: str) -> str | None:
        """Returns the tsquery for documents with a correction of every word; None if there is no such document."""
        clauses = self._clauses(fields)
        return " & ".join(clauses) if clauses and all(clauses) else None

    def match_all_but_one(self, *fields: str) -> str | None:
        """Returns the tsquery for documents with a correction of every word but one.

        Returns None if there is no such document, and for fewer than MIN_WORDS_TO_DROP_ONE words.
        """
        clauses = self._clauses(fields)
        if len(clauses) < MIN_WORDS_TO_DROP_ONE:
            return None
        without_one = (clauses[:index] + clauses[index + 1 :] for index in range(len(clauses)))
        alternatives = [f"({' & '.join(rest)})" for rest in without_one if all(rest)]
        return " | ".join(alternatives) or None

    def _clauses(self, fields: Sequence[str]) -> list[str]:
        """Returns a clause for each word that is not an article; "" for a word without corrections."""
        by_word = [
            [correction for correction in self.corrections if correction.start <= index < correction.end]
            for index in range(len(self.query.words))
        ]
        return [
            _clause(nearest[:MAX_ALTERNATIVES], fields)
            for nearest in by_word
            if all(correction.words for correction in nearest)
        ]


def _clause(corrections: Sequence[Correction], fields: Sequence[str]) -> str:
    alternatives = [
        f"({' & '.join(lexeme(field + word) for word in correction.words)})"
        for correction in corrections
        for field in fields
    ]
    return f"({' | '.join(alternatives)})" if alternatives else ""


async def find_corrections(query: Query) -> Corrections:
    """Returns the corrections of a query; none for more than MAX_WORDS words or a word that is too long."""
    words = query.words
    if len(words) > MAX_WORDS or any(len(word) > MAX_WORD_LENGTH for word in words):
        return Corrections(query, ())
    vocabulary: dict[str, dict[str, int]] = defaultdict(dict)
    await _look_up(vocabulary, near=words, unchanged=set(_respaced(words)))
    corrections = list(_corrections(words, vocabulary))
    for index, word in enumerate(words):
        has_near = any(c.start <= index < c.end and c.edits < MAX_EDITS for c in corrections)
        if len(word) >= MIN_JOINED_LENGTH and not has_near:
            corrections += await _mistyped_halves(index, word, vocabulary)
    return Corrections(query, tuple(sorted(corrections, key=lambda correction: correction.edits)))


async def _look_up(vocabulary: dict[str, dict[str, int]], *, near: Iterable[str], unchanged: Iterable[str]) -> None:
    values = [list(dict.fromkeys(near)), MAX_NEAR_WORDS, sorted(set(unchanged) - ARTICLES)]
    for row in await connection().execute_query_dict(NEAR_WORDS, values):
        asked, word = row["asked"], row["word"]
        edits = _count_swaps_once(asked, word, row["edits"])
        if edits <= MAX_EDITS:
            vocabulary[asked][word] = edits


def _count_swaps_once(one: str, other: str, edits: int) -> int:
    """Returns the edits between two words where two swapped letters are one edit; PostgreSQL counts them as two."""
    has_swap = any(first != second and second + first in other for first, second in pairwise(one))
    return OSA.distance(one, other) if has_swap and edits > 1 else edits


def _corrections(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Correction]:
    for index, word in enumerate(words):
        yield from _near(index, word, vocabulary)
        if len(word) <= SHORT_WORD and any(OSA.distance(word, article) == 1 for article in ARTICLES):
            yield Correction(index, index + 1, (), 1)
        for halves in _split(word):
            yield from _known(index, index + 1, halves, vocabulary)
    for index, (first, second) in enumerate(pairwise(words)):
        yield from _known(index, index + 2, (first + second,), vocabulary)
        for halves in _moved_spaces(first, second):
            yield from _known(index, index + 2, halves, vocabulary)


def _near(index: int, word: str, vocabulary: Vocabulary) -> Iterator[Correction]:
    for near, edits in vocabulary.get(word, {}).items():
        if edits <= (MAX_EDITS if max(len(word), len(near)) > SHORT_WORD else 1):
            yield Correction(index, index + 1, (near,), edits)


def _known(start: int, end: int, parts: tuple[str, ...], vocabulary: Vocabulary) -> Iterator[Correction]:
    words = tuple(part for part in parts if part not in ARTICLES)
    if words and all(_is_word(word, vocabulary) for word in words):
        yield Correction(start, end, words, 1)


async def _mistyped_halves(index: int, word: str, vocabulary: dict[str, dict[str, int]]) -> list[Correction]:
    """Returns corrections of two joined words, one of which has another error."""
    halves = [
        (a, b)
        for a, b in _split(word)
        if (_is_word(a, vocabulary) and len(b) >= SHORT_WORD) or (_is_word(b, vocabulary) and len(a) >= SHORT_WORD)
    ]
    unknown = [part for pair in halves for part in pair if len(part) >= SHORT_WORD and part not in vocabulary]
    await _look_up(vocabulary, near=unknown, unchanged=())
    return [
        Correction(index, index + 1, tuple(part for part in parts if part not in ARTICLES), MAX_EDITS)
        for a, b in halves
        for parts in [
            *((a, near) for near in _one_edit_away(b, vocabulary) if _is_word(a, vocabulary)),
            *((near, b) for near in _one_edit_away(a, vocabulary) if _is_word(b, vocabulary)),
        ]
    ]


def _is_word(text: str, vocabulary: Vocabulary) -> bool:
    return text in ARTICLES or text in vocabulary.get(text, ())


def _one_edit_away(word: str, vocabulary: Vocabulary) -> list[str]:
    return [near for near, edits in vocabulary.get(word, {}).items() if edits == 1]


def _respaced(words: Sequence[str]) -> Iterator[str]:
    """Yields the words that a query would have with a space in another place."""
    for word in words:
        yield from chain(*_split(word))
    for first, second in pairwise(words):
        yield first + second
        yield from chain(*_moved_spaces(first, second))


def _split(word: str) -> Iterator[tuple[str, str]]:
    """Yields the halves of a word whose space was left out, or typed as a letter."""
    for index in range(1, len(word)):
        yield word[:index], word[index:]
        if index + 1 < len(word):
            yield word[:index], word[index + 1 :]


def _moved_spaces(first: str, second: str) -> Iterable[tuple[str, str]]:
    """Yields two words whose space was swapped with the letter before or after it."""
    if len(first) > 1:
        yield first[:-1], first[-1] + second
    if len(second) > 1:
        yield first + second[0], second[1:]
