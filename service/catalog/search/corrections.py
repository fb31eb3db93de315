"""What a mistyped query may have meant: words of the catalogue near each of its own, and texts made of them.

The vocabulary (search_words in the migrations) grows far more slowly than the titles, and a text made of its words is
then looked up whole: what a correction costs hardly depends on the size of the catalogue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from service.catalog.search.normalise import ARTICLES, Query, lexeme
from service.database.orm import connection

MOST_EDITS = 2
# Past these, a query is more likely to be none, and each word costs a look-up.
MOST_WORDS = 12
LONGEST_WORD = 40
MOST_NEAR = 120
MOST_TEXTS = 600
# What stands for one word among others: every one of these is read from an index.
FEW = 8
# Of fewer words, all but one say too little.
LEAST_WORDS = 3
# Words so short have a near one everywhere: two edits make another word of them.
SHORT = 4
# A word of two that were joined, one of them mistyped, too.
LONG = 6

# $1 words to find near ones of, $2 how many of each, $3 words to find themselves.
WORDS = """
SELECT asked, word, edits FROM unnest($1::text[]) AS asked CROSS JOIN LATERAL similar_words(asked, $2)
UNION
SELECT word, word, 0 FROM search_words WHERE word = ANY ($3::text[])
"""

Known = Mapping[str, Mapping[str, int]]
"""Words of the catalogue by what they are near, or equal, to, with the edits between them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What some words of a query, side by side, may have meant; nothing for an article."""

    start: int
    end: int
    words: tuple[str, ...]
    edits: int


@dataclass(frozen=True, slots=True)
class Corrections:
    """The readings of a query's words, the nearest first."""

    query: Query
    readings: tuple[Reading, ...]

    def keys(self) -> tuple[list[str], list[str]]:
        """Returns the keys that are one and two edits away, at most MOST_TEXTS of each, not the query's own."""
        ends: dict[int, list[Reading]] = defaultdict(list)
        for reading in self.readings:
            ends[reading.end].append(reading)
        # By place and edits: the texts up to there, in the order in which they were found.
        texts: list[list[dict[tuple[str, ...], None]]] = [[{(): None}, {}, {}]]
        for end in range(1, len(self.query.words) + 1):
            texts.append([{}, {}, {}])
            for reading in ends[end]:
                for edits in range(MOST_EDITS + 1 - reading.edits):
                    found = texts[end][edits + reading.edits]
                    room = MOST_TEXTS - len(found)
                    earlier = list(texts[reading.start][edits])[: max(room, 0)]
                    found.update(dict.fromkeys((*text, *reading.words) for text in earlier))
        same, one, two = ({" ".join(text) for text in found if text} for found in texts[-1])
        same.add(self.query.key)
        return sorted(one - same), sorted(two - one - same)

    def matching(self, *fields: str) -> str | None:
        """Returns the tsquery of documents with a reading of every word; None when there is no such document."""
        clauses = self._clauses(fields)
        return " & ".join(clauses) if clauses and all(clauses) else None

    def matching_most(self, *fields: str) -> str | None:
        """Returns the tsquery of documents with a reading of every word but one; None when there is no such document.

        None as well for two words, of which the one that is left would say too little.
        """
        clauses = self._clauses(fields)
        if len(clauses) < LEAST_WORDS:
            return None
        without_one = (clauses[:place] + clauses[place + 1 :] for place in range(len(clauses)))
        most = [f"({' & '.join(rest)})" for rest in without_one if all(rest)]
        return " | ".join(most) or None

    def _clauses(self, fields: Sequence[str]) -> list[str]:
        """Returns what stands for each word that may not be left out: "" when nothing does."""
        readings = [
            [reading for reading in self.readings if reading.start <= place < reading.end]
            for place in range(len(self.query.words))
        ]
        return [_clause(nearest[:FEW], fields) for nearest in readings if all(reading.words for reading in nearest)]


def _clause(readings: Sequence[Reading], fields: Sequence[str]) -> str:
    meant = [
        f"({' & '.join(lexeme(field + word) for word in reading.words)})" for reading in readings for field in fields
    ]
    return f"({' | '.join(meant)})" if meant else ""


async def find_corrections(query: Query) -> Corrections:
    """Returns what a query may have meant; no readings for one of more than MOST_WORDS words."""
    words = query.words
    if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        return Corrections(query, ())
    known: dict[str, dict[str, int]] = defaultdict(dict)
    await _look_up(known, near=words, itself=set(_pieces(words)))
    readings = list(_readings(words, known))
    for place, word in enumerate(words):
        if len(word) >= LONG and not any(r.start <= place < r.end and r.edits < MOST_EDITS for r in readings):
            readings += await _mistyped_halves(place, word, known)
    return Corrections(query, tuple(sorted(readings, key=lambda reading: reading.edits)))


async def _mistyped_halves(place: int, word: str, known: dict[str, dict[str, int]]) -> list[Reading]:
    """Returns readings of two words that were joined, one of them with another error."""
    split = [
        (a, b)
        for a, b in _split(word)
        if (_is_word(a, known) and len(b) >= SHORT) or (_is_word(b, known) and len(a) >= SHORT)
    ]
    await _look_up(
        known, near=[part for halves in split for part in halves if len(part) >= SHORT and part not in known], itself=()
    )
    return [
        Reading(place, place + 1, tuple(part for part in parts if part not in ARTICLES), MOST_EDITS)
        for a, b in split
        for parts in [
            *((a, near) for near in _one_edit(b, known) if _is_word(a, known)),
            *((near, b) for near in _one_edit(a, known) if _is_word(b, known)),
        ]
    ]


def _is_word(text: str, known: Known) -> bool:
    return text in ARTICLES or text in known.get(text, ())


def _one_edit(word: str, known: Known) -> list[str]:
    return [near for near, edits in known.get(word, {}).items() if edits == 1]


async def _look_up(known: dict[str, dict[str, int]], *, near: Iterable[str], itself: Iterable[str]) -> None:
    values = [list(dict.fromkeys(near)), MOST_NEAR, sorted(set(itself) - ARTICLES)]
    for row in await connection().execute_query_dict(WORDS, values):
        asked, word = row["asked"], row["word"]
        edits = _with_swaps(asked, word, row["edits"])
        if edits <= MOST_EDITS:
            known[asked][word] = edits


def _with_swaps(one: str, other: str, edits: int) -> int:
    """Returns the edits between two words when letters that were swapped are one, given those where they are two."""
    # Only these are worth the long way.
    swapped = any(first != second and second + first in other for first, second in pairwise(one))
    return edits_between(one, other) if swapped and edits > 1 else edits


def _readings(words: Sequence[str], known: Known) -> Iterator[Reading]:
    for place, word in enumerate(words):
        yield from _near(place, word, known)
        if len(word) <= SHORT and any(edits_between(word, article) == 1 for article in ARTICLES):
            yield Reading(place, place + 1, (), 1)
        for halves in _split(word):
            yield from _parts(place, place + 1, halves, known)
    for place, (first, second) in enumerate(pairwise(words)):
        yield from _parts(place, place + 2, (first + second,), known)
        for halves in _shifted(first, second):
            yield from _parts(place, place + 2, halves, known)


def _near(place: int, word: str, known: Known) -> Iterator[Reading]:
    for near, edits in known.get(word, {}).items():
        if edits <= (MOST_EDITS if max(len(word), len(near)) > SHORT else 1):
            yield Reading(place, place + 1, (near,), edits)


def _parts(start: int, end: int, parts: tuple[str, ...], known: Known) -> Iterator[Reading]:
    words = tuple(part for part in parts if part not in ARTICLES)
    if words and all(_is_word(word, known) for word in words):
        yield Reading(start, end, words, 1)


def _pieces(words: Sequence[str]) -> Iterator[str]:
    """Yields what words may have been, had a space been typed elsewhere."""
    for word in words:
        yield from chain(*_split(word))
    for first, second in pairwise(words):
        yield first + second
        yield from chain(*_shifted(first, second))


def _split(word: str) -> Iterator[tuple[str, str]]:
    """Yields the halves of a word whose space was left out, or typed as a letter."""
    for place in range(1, len(word)):
        yield word[:place], word[place:]
        if place + 1 < len(word):
            yield word[:place], word[place + 1 :]


def _shifted(first: str, second: str) -> Iterable[tuple[str, str]]:
    """Returns two words whose space was swapped with the letter beside it."""
    if len(first) > 1:
        yield first[:-1], first[-1] + second
    if len(second) > 1:
        yield first + second[0], second[1:]


def edits_between(one: str, other: str) -> int:
    """Returns the letters to put in, leave out, change or swap with the next (optimal string alignment)."""
    before, last = [0] * (len(other) + 1), list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        row = [place]
        for at, wanted in enumerate(other, 1):
            edits = min(last[at] + 1, row[-1] + 1, last[at - 1] + (letter != wanted))
            if place > 1 and at > 1 and letter == other[at - 2] and one[place - 2] == wanted:
                edits = min(edits, before[at - 2] + 1)
            row.append(edits)
        before, last = last, row
    return last[-1]
