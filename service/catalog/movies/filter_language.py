r"""The filter language of movies: a part of AIP-160, read into conditions.

    filter      = [ sequence ]
    sequence    = choice { "AND" choice }
    choice      = term { "OR" term }                    OR binds tighter than AND, as AIP-160 has it
    term        = "NOT" term | "(" sequence ")" | field operator value
    operator    = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":"
    value       = a text in double quotes, in which \ stands before " and \ | anything up to a space, " or parenthesis

Reads each character once, whatever the text. Written by hand, for exact positions.
"""

from __future__ import annotations

import re

from service.catalog.errors import FilterInvalid
from service.catalog.movies.conditions import AllOf, AnyOf, Comparison, Condition, Negation
from service.catalog.movies.fields import ALIASES, FIELDS, PARTS

MAX_DEPTH = 20
MAX_COMPARISONS = 50
SPACE = re.compile(r"\s*")
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
OPERATOR = re.compile(r"<=|>=|!=|[=<>:]")
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
BARE = re.compile(r'[^\s()"]+')
KEYWORDS = {word: re.compile(word + r"(?![^\s()\"])") for word in ("AND", "OR", "NOT")}
OPEN, CLOSE = re.compile(r"\("), re.compile(r"\)")
ESCAPED = re.compile(r"\\(.)")


def parse_filter(text: str) -> tuple[Condition, ...]:
    """Returns the conditions that a filter joins by AND, none for a blank one; raises FilterInvalid."""
    if not text.strip():
        return ()
    condition = _Reader(text).whole()
    return condition.parts if isinstance(condition, AllOf) else (condition,)


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._comparisons = 0

    def whole(self) -> Condition:
        condition = self._sequence(0)
        if self._at < len(self._text):
            raise self._expected("AND, OR or the end")
        return condition

    def _sequence(self, depth: int) -> Condition:
        parts = [self._choice(depth)]
        while self._take(KEYWORDS["AND"]):
            parts.append(self._choice(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _choice(self, depth: int) -> Condition:
        parts = [self._term(depth)]
        while self._take(KEYWORDS["OR"]):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _term(self, depth: int) -> Condition:
        self._skip_space()
        if depth > MAX_DEPTH:
            raise self._expected(f"at most {MAX_DEPTH} levels of NOT and parentheses")
        if self._take(KEYWORDS["NOT"]):
            return Negation(self._term(depth + 1))
        if self._take(OPEN):
            condition = self._sequence(depth + 1)
            if not self._take(CLOSE):
                raise self._expected("AND, OR or a closing parenthesis")
            return condition
        return self._comparison()

    def _comparison(self) -> Comparison:
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            raise self._expected(f"at most {MAX_COMPARISONS} comparisons")
        start = self._at
        written = self._take(FIELD)
        name = ALIASES.get(written, written)
        if name not in FIELDS:
            raise self._expected("NOT, a parenthesis or a field: " + ", ".join([*FIELDS, *ALIASES]), start)
        start = self._skip_space()
        operator = self._take(OPERATOR)
        if operator not in FIELDS[name].operators:
            raise self._expected("one of " + " ".join(FIELDS[name].operators), start)
        value = self._value(name)
        return Comparison(name, "=" if operator == ":" and name not in PARTS else operator, value)

    def _value(self, name: str) -> object:
        kind = FIELDS[name].kind
        start = self._skip_space()
        quoted = QUOTED.match(self._text, start)
        if quoted:
            self._at = quoted.end()
        elif self._text.startswith('"', start):
            raise self._expected('a text that its double quote ends, with \\ only before " and \\', start)
        text = ESCAPED.sub(r"\1", quoted[1]) if quoted else self._take(BARE)
        if not text and not quoted:
            raise self._expected(kind.expected, start)
        self._skip_space()
        try:
            return kind.read(text)
        except (ValueError, OverflowError):
            raise self._expected(kind.expected, start) from None

    def _take(self, pattern: re.Pattern[str]) -> str:
        """Returns what stands here and goes past it and the space after it; empty when it is something else."""
        self._skip_space()
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        self._skip_space()
        return found[0]

    def _skip_space(self) -> int:
        found = SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _expected(self, what: str, at: int | None = None) -> FilterInvalid:
        return FilterInvalid(position=(self._at if at is None else at) + 1, expected=what)
