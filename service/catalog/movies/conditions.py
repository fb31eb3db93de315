"""Conditions on movies: the fields of filters, with their values and operators, and the SQL of each condition.

Conditions are values: equal filters have equal conditions, and page tokens are bound to them. In SQL the movie is `m`.
A comparison with a missing value is false, except `!=`. NOT turns every result into the opposite.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from service.api.query import Parameters
from service.api.text import contains_pattern
from service.catalog.models import MediaType, MovieStatus

INT32_MAX = 2**31 - 1
LAST_YEAR = 9999
INTEGER = re.compile(r"-?[0-9]{1,10}")
NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
AMOUNT = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,2})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(DAY.pattern + r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
EQUAL = ("=", "!=", ":")
ORDERED = (*EQUAL, "<", "<=", ">", ">=")
Render: TypeAlias = Callable[[str, Any, Parameters], str]
"""Returns the SQL of a comparison, given its operator (never `!=`), its value and the values of the statement."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a value; FIELDS lists the operators of each field."""

    field: str
    operator: str
    value: Any

    def sql(self, parameters: Parameters, render: Render, *, negated: bool) -> str:
        """Returns the SQL of the comparison or of its negation."""
        operator = "=" if self.operator == "!=" else self.operator
        written = render(operator, self.value, parameters)
        if negated == (self.operator == "!="):
            return written
        # PostgreSQL plans an anti-join only for NOT EXISTS. EXISTS is never NULL, so it needs no IS NOT TRUE.
        return f"NOT {written}" if written.startswith("EXISTS") else f"({written}) IS NOT TRUE"


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts are true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part is not true."""

    part: Condition


Condition: TypeAlias = Comparison | AllOf | AnyOf | Negation


@dataclass(frozen=True, slots=True)
class Kind:
    """The syntax of the values of a field; `read` raises ValueError or OverflowError for other texts."""

    expected: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the filter language."""

    kind: Kind
    operators: tuple[str, ...]
    render: Render


def _require_match(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(text)
    return text


def _integer(text: str) -> int:
    value = int(_require_match(INTEGER, text))
    if not -INT32_MAX - 1 <= value <= INT32_MAX:
        raise ValueError(text)
    return value


def _year(text: str) -> int:
    return date(_integer(text), 1, 1).year


def _number(text: str) -> float:
    value = float(_require_match(NUMBER, text))
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(_require_match(MOMENT, text).upper()).astimezone(UTC)


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[_require_match(re.compile("true|false"), text)]


def _named(names: type[enum.StrEnum]) -> Kind:
    return Kind("one of " + ", ".join(names), names)


TEXT = Kind("a text", str)
INT32 = Kind(f"a whole number from {-INT32_MAX - 1} to {INT32_MAX}", _integer)
YEAR = Kind(f"a year from 1 to {LAST_YEAR}", _year)
DOUBLE = Kind("a finite number", _number)
# Read as a float: an exponent could make a decimal with a million digits.
DECIMAL = Kind("a finite number", lambda text: Decimal(repr(_number(text))))
MONEY = Kind(
    "an amount of up to 19 digits, with up to two decimals", lambda text: Decimal(_require_match(AMOUNT, text))
)
DATE = Kind('a date such as "1999-03-31"', lambda text: date.fromisoformat(_require_match(DAY, text)))
TIMESTAMP = Kind('a moment such as "2026-01-31T12:00:00Z"', _moment)
TRUTH = Kind("true or false", _truth)


def _column(name: str) -> Render:
    def render(operator: str, value: Any, parameters: Parameters) -> str:
        if operator == ":":
            return f"{name} ILIKE {parameters.place(contains_pattern(value))}"
        return f"{name} {operator} {parameters.place(value)}"

    return render


def _year_of_release(operator: str, value: int, parameters: Parameters) -> str:
    # A range of days can use the index of release dates.
    if operator == "=":
        first, last = parameters.place(date(value, 1, 1)), parameters.place(date(value, 12, 31))
        return f"m.release_date BETWEEN {first} AND {last}"
    edge = date(value, 1, 1) if operator in {"<", ">="} else date(value, 12, 31)
    return f"m.release_date {operator} {parameters.place(edge)}"


def _country(_operator: str, value: str | int, parameters: Parameters) -> str:
    if isinstance(value, int):
        return f"m.country_id = {parameters.place(value)}"
    return f"m.country_id = (SELECT id FROM countries WHERE iso_3166_1 = {parameters.place(value)})"  # noqa: S608 - a placeholder


def _exists(table: str, condition: str) -> Render:
    def render(operator: str, value: Any, parameters: Parameters) -> str:
        written = condition.format(operator=operator, value=parameters.place(value))
        return f"EXISTS (SELECT FROM {table} AS x WHERE x.movie_id = m.id AND {written})"

    return render


def _genre(field: str) -> Render:
    def render(_operator: str, value: Any, parameters: Parameters) -> str:
        genre = genre_sql(field, value, parameters)
        return f"EXISTS (SELECT FROM movie_genres AS x WHERE x.movie_id = m.id AND x.genre_id {genre})"

    return render


def genre_sql(field: str, value: Any, parameters: Parameters) -> str:
    """Returns the comparison of a genre's id, without its column: with one id, several ids, or the id of a name."""
    place = parameters.place(list(value) if isinstance(value, tuple) else value)
    if field == "genre":
        return f"= (SELECT id FROM genres WHERE lower(name) = lower({place}))"  # noqa: S608 - a placeholder
    return f"= ANY ({place})" if isinstance(value, tuple) else f"= {place}"


def _rating_count(operator: str, value: int, parameters: Parameters) -> str:
    counted = "(SELECT s.rating_count FROM movie_stats AS s WHERE s.movie_id = m.id)"
    return f"coalesce({counted}, 0) {operator} {parameters.place(value)}"


def _person(_operator: str, value: int, parameters: Parameters) -> str:
    place = parameters.place(value)
    return (
        f"EXISTS (SELECT FROM (SELECT id FROM movies WHERE director_id = {place} UNION ALL"  # noqa: S608 - a placeholder
        f" SELECT movie_id FROM movie_characters WHERE person_id = {place}) AS x WHERE x.id = m.id)"
    )


def _has_poster(_operator: str, value: bool, _parameters: Parameters) -> str:  # noqa: FBT001 - a field's value
    return f"(m.poster_id IS NOT NULL OR coalesce(m.poster_path, '') <> '') IS {value}"


FIELDS: dict[str, Field] = {
    "id": Field(INT32, ORDERED, _column("m.id")),
    "tmdb_id": Field(INT32, ORDERED, _column("m.tmdb_id")),
    "imdb_id": Field(TEXT, EQUAL, _column("m.imdb_id")),
    "title": Field(TEXT, EQUAL, _column("m.title")),
    "original_title": Field(TEXT, EQUAL, _column("m.original_title")),
    "language": Field(TEXT, EQUAL, _column("m.original_language")),
    "country": Field(TEXT, EQUAL, _country),
    "genre": Field(TEXT, EQUAL, _genre("genre")),
    "genre_id": Field(INT32, EQUAL, _genre("genre_id")),
    "director_id": Field(INT32, EQUAL, _column("m.director_id")),
    "person_id": Field(INT32, EQUAL, _person),
    "character_id": Field(INT32, EQUAL, _exists("movie_characters", "x.character_id = {value}")),
    "year": Field(YEAR, ORDERED, _year_of_release),
    "release_date": Field(DATE, ORDERED, _column("m.release_date")),
    "duration": Field(INT32, ORDERED, _column("m.duration")),
    "vote_average": Field(DOUBLE, ORDERED, _column("m.vote_average")),
    "vote_count": Field(INT32, ORDERED, _column("m.vote_count")),
    "popularity": Field(DOUBLE, ORDERED, _column("m.popularity")),
    "rating": Field(DECIMAL, ORDERED, _exists("movie_stats", "x.rating_average {operator} {value}")),
    "rating_count": Field(INT32, ORDERED, _rating_count),
    "budget": Field(MONEY, ORDERED, _column("m.budget")),
    "revenue": Field(MONEY, ORDERED, _column("m.revenue")),
    "status": Field(_named(MovieStatus), EQUAL, _column("m.status")),
    "media_type": Field(_named(MediaType), EQUAL, _column("m.media_type")),
    "has_poster": Field(TRUTH, EQUAL, _has_poster),
    "create_time": Field(TIMESTAMP, ORDERED, _column("m.created_at")),
    "update_time": Field(TIMESTAMP, ORDERED, _column("m.updated_at")),
}
CONTAINS = ("title", "original_title")
"""Fields for which `:` means that the text contains the value; for other fields it means `=`."""
ALIASES = {"runtime": "duration"}


def condition_sql(condition: Condition, parameters: Parameters, *, negated: bool = False) -> str:
    """Returns the SQL of a condition on the movie `m`; adds every value to `parameters`."""
    match condition:
        case Comparison():
            return condition.sql(parameters, FIELDS[condition.field].render, negated=negated)
        case Negation(part):
            return condition_sql(part, parameters, negated=not negated)
        case AllOf(parts) | AnyOf(parts):
            # De Morgan: NOT (a AND b) is NOT a OR NOT b.
            word = " AND " if isinstance(condition, AllOf) != negated else " OR "
            return "(" + word.join(condition_sql(part, parameters, negated=negated) for part in parts) + ")"
