r"""Filter language of movies: a part of AIP-160, parsed into conditions.

    filter      = [ sequence ]
    sequence    = choice { "AND" choice }
    choice      = term { "OR" term }                    OR binds tighter than AND (AIP-160)
    term        = "NOT" term | "(" sequence ")" | field operator value
    operator    = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":"
    value       = a text in double quotes, with \ before " and \ | anything up to a space, " or parenthesis

The parser reads each character once. It is hand-written, so that errors have exact positions.
"""

from __future__ import annotations

import re

from service.catalog.errors import FilterInvalid
from service.catalog.movies.conditions import ALIASES, CONTAINS, FIELDS, AllOf, AnyOf, Comparison, Condition, Negation

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
    """Returns the conditions that a filter joins by AND; none for a blank filter. Raises FilterInvalid."""
    if not text.strip():
        return ()
    condition = _Parser(text).parse()
    return condition.parts if isinstance(condition, AllOf) else (condition,)


class _Parser:
    """Parses one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._comparisons = 0

    def parse(self) -> Condition:
        condition = self._sequence(0)
        if self._position < len(self._text):
            raise self._expected("AND, OR or the end")
        return condition

    def _sequence(self, depth: int) -> Condition:
        parts = [self._choice(depth)]
        while self._consume(KEYWORDS["AND"]):
            parts.append(self._choice(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _choice(self, depth: int) -> Condition:
        parts = [self._term(depth)]
        while self._consume(KEYWORDS["OR"]):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _term(self, depth: int) -> Condition:
        self._skip_space()
        if depth > MAX_DEPTH:
            raise self._expected(f"at most {MAX_DEPTH} levels of NOT and parentheses")
        if self._consume(KEYWORDS["NOT"]):
            return Negation(self._term(depth + 1))
        if self._consume(OPEN):
            condition = self._sequence(depth + 1)
            if not self._consume(CLOSE):
                raise self._expected("AND, OR or a closing parenthesis")
            return condition
        return self._comparison()

    def _comparison(self) -> Comparison:
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            raise self._expected(f"at most {MAX_COMPARISONS} comparisons")
        start = self._position
        written = self._consume(FIELD)
        name = ALIASES.get(written, written)
        if name not in FIELDS:
            raise self._expected("NOT, a parenthesis or a field: " + ", ".join([*FIELDS, *ALIASES]), start)
        start = self._skip_space()
        operator = self._consume(OPERATOR)
        if operator not in FIELDS[name].operators:
            raise self._expected("one of " + " ".join(FIELDS[name].operators), start)
        value = self._value(name)
        return Comparison(name, "=" if operator == ":" and name not in CONTAINS else operator, value)

    def _value(self, name: str) -> object:
        kind = FIELDS[name].kind
        start = self._skip_space()
        quoted = QUOTED.match(self._text, start)
        if quoted:
            self._position = quoted.end()
        elif self._text.startswith('"', start):
            raise self._expected('a closing double quote, and \\ only before " and \\', start)
        text = ESCAPED.sub(r"\1", quoted[1]) if quoted else self._consume(BARE)
        if not text and not quoted:
            raise self._expected(kind.expected, start)
        self._skip_space()
        try:
            return kind.read(text)
        except (ValueError, OverflowError):
            raise self._expected(kind.expected, start) from None

    def _consume(self, pattern: re.Pattern[str]) -> str:
        """Consumes a match and the space around it, and returns the match; returns "" if there is none."""
        self._skip_space()
        match = pattern.match(self._text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        self._skip_space()
        return match[0]

    def _skip_space(self) -> int:
        match = SPACE.match(self._text, self._position)
        self._position = match.end() if match else self._position
        return self._position

    def _expected(self, expected: str, position: int | None = None) -> FilterInvalid:
        return FilterInvalid(position=(self._position if position is None else position) + 1, expected=expected)
