"""Conversion of rows of the TMDB files to rows for staging.

Unknown values become None or empty: a budget, revenue or running time of 0, a missing date. Homepage and keywords have
no column in the catalogue and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from service.catalog.models import CharacterRole, Gender, MovieStatus
from service.importers.cleaning import (
    BadValue,
    clean_id,
    clean_text,
    json_objects,
    optional_amount,
    optional_date,
    optional_minutes,
    real_number,
    required_text,
    single_spaced,
    whole_number,
)
from service.importers.csv_files import Row
from service.importers.names import split_name
from service.importers.report import BadRow, BadRows

MOVIE_COLUMNS = (
    *("id", "title", "original_title", "overview", "tagline", "budget", "revenue", "release_date", "runtime"),
    *("vote_average", "vote_count", "popularity", "status", "original_language"),
    *("genres", "production_companies", "production_countries", "spoken_languages"),
)
CREDIT_COLUMNS = ("movie_id", "cast", "crew")
STATUSES = {
    "": None,
    "Rumored": MovieStatus.RUMORED,
    "Planned": MovieStatus.PLANNED,
    "In Production": MovieStatus.IN_PRODUCTION,
    "Post Production": MovieStatus.POST_PRODUCTION,
    "Released": MovieStatus.RELEASED,
    "Canceled": MovieStatus.CANCELED,
}
GENDERS = {1: Gender.FEMALE, 2: Gender.MALE, 3: Gender.NON_BINARY}
# The source has no roles. The first three of a cast usually are above the title, the first ten in the opening credits.
LEADING_PLACES = 3
SUPPORTING_PLACES = 10
UNNAMED = "Unnamed"
MAX_CHARACTER = 255
MAX_NAME = 150
MAX_GENRE = 100
MAX_COUNTRY = 100
COUNTRY_CODE = 2


class StagedMovie(NamedTuple):
    """Row of staged_movies."""

    line: int
    tmdb_id: int
    title: str
    original_title: str | None
    description: str
    tagline: str
    budget: Decimal | None
    revenue: Decimal | None
    release_date: date | None
    duration: int | None
    vote_average: float
    vote_count: int
    popularity: float
    status: str | None
    original_language: str | None
    country_code: str | None
    production_companies: str
    production_countries: str
    spoken_languages: str


class StagedGenre(NamedTuple):
    """Row of staged_genres: a genre of a movie."""

    movie: int
    tmdb_id: int
    name: str


class StagedCountry(NamedTuple):
    """Row of staged_countries: a production country."""

    line: int
    code: str
    name: str


class StagedCredits(NamedTuple):
    """Row of staged_credits: the director of a movie."""

    line: int
    movie: int
    director: int | None


class StagedPerson(NamedTuple):
    """Row of staged_persons: an actor or director."""

    tmdb_id: int
    first_name: str
    last_name: str
    gender: str | None


class StagedPart(NamedTuple):
    """Row of staged_parts: a character of a movie and its actor."""

    movie: int
    person: int
    name: str
    role: str
    billing_order: int


@dataclass(frozen=True, slots=True)
class CleanMovie:
    """Content of a row of the movies file."""

    movie: StagedMovie
    genres: Sequence[StagedGenre]
    countries: Sequence[StagedCountry]


@dataclass(frozen=True, slots=True)
class CleanCredits:
    """Content of a row of the credits file."""

    credits: StagedCredits
    persons: Sequence[StagedPerson]
    parts: Sequence[StagedPart]


def clean_movie(row: Row) -> CleanMovie:
    """Returns a movie with its genres and countries; raises BadValue."""
    values = row.values
    tmdb_id = clean_id("id", values["id"])
    status = clean_text("status", values["status"])
    if status not in STATUSES:
        raise BadValue(f"status is unknown: {ascii(status)[:40]}")
    countries = [
        StagedCountry(row.line, _country_code(entry.get("iso_3166_1")), _name("country", entry, MAX_COUNTRY))
        for entry in json_objects("production_countries", values["production_countries"])
    ]
    genres = [
        StagedGenre(tmdb_id, clean_id("genre id", entry.get("id")), _name("genre", entry, MAX_GENRE))
        for entry in json_objects("genres", values["genres"])
    ]
    movie = StagedMovie(
        line=row.line,
        tmdb_id=tmdb_id,
        title=required_text("title", values["title"], longest=500),
        original_title=clean_text("original_title", values["original_title"], longest=500) or None,
        description=clean_text("overview", values["overview"]),
        tagline=clean_text("tagline", values["tagline"]),
        budget=optional_amount("budget", values["budget"]),
        revenue=optional_amount("revenue", values["revenue"]),
        release_date=optional_date("release_date", values["release_date"]),
        duration=optional_minutes("runtime", values["runtime"]),
        vote_average=real_number("vote_average", values["vote_average"], most=10),
        vote_count=whole_number("vote_count", values["vote_count"]),
        popularity=real_number("popularity", values["popularity"]),
        status=STATUSES[status],
        original_language=clean_text("original_language", values["original_language"], longest=10) or None,
        country_code=countries[0].code if countries else None,
        production_companies=_named_list("production_companies", values, "id", clean_id),
        production_countries=_named_list("production_countries", values, "iso_3166_1", clean_text),
        spoken_languages=_named_list("spoken_languages", values, "iso_639_1", clean_text),
    )
    return CleanMovie(movie, genres, countries)


def clean_credits(row: Row, *, file: str, bad: BadRows) -> CleanCredits:
    """Returns the director, people and cast of a movie; counts an invalid entry as a bad row. Raises BadValue.

    A movie of the catalogue has one director, so the first one is taken. Two parts may have the same person or the same
    name. A character with a slash ("Lucy / Stella") becomes several parts.
    """
    movie = clean_id("movie_id", row.values["movie_id"])
    persons: list[StagedPerson] = []
    parts: list[StagedPart] = []
    director: int | None = None
    for index, entry in enumerate(json_objects("cast", row.values["cast"])):
        try:
            person = _person(entry)
            parts += _parts(movie, person.tmdb_id, entry, index)
        except BadValue as error:
            bad.add(BadRow(file, row.line, "cast", f"entry {index + 1}: {error}"))
        else:
            persons.append(person)
    for entry in json_objects("crew", row.values["crew"]):
        if entry.get("job") != "Director" or director:
            continue
        try:
            persons.append(_person(entry))
            director = persons[-1].tmdb_id
        except BadValue as error:
            bad.add(BadRow(file, row.line, "director", str(error)))
    return CleanCredits(StagedCredits(row.line, movie, director), persons, parts)


def _person(entry: Mapping[str, Any]) -> StagedPerson:
    gender = whole_number("gender", entry.get("gender") or 0, most=3)
    first, last = split_name(required_text("name", entry.get("name"), longest=2 * MAX_NAME))
    if len(first) > MAX_NAME or len(last) > MAX_NAME:
        raise BadValue(f"name has a part longer than {MAX_NAME} characters")
    return StagedPerson(clean_id("id", entry.get("id")), first, last, GENDERS.get(gender))


def _parts(movie: int, person: int, entry: Mapping[str, Any], index: int) -> Iterator[StagedPart]:
    billing_order = whole_number("order", entry.get("order", index))
    text = single_spaced(clean_text("character", entry.get("character")))
    for name in dict.fromkeys(part.strip() for part in text.split(" / ")):
        yield StagedPart(movie, person, _shortened(name or UNNAMED), _role(index), billing_order)


def _role(index: int) -> CharacterRole:
    if index < LEADING_PLACES:
        return CharacterRole.LEADING
    return CharacterRole.SUPPORTING if index < SUPPORTING_PLACES else CharacterRole.BACKGROUND


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_CHARACTER else name[: MAX_CHARACTER - 1] + "…"


def _name(kind: str, entry: Mapping[str, Any], longest: int) -> str:
    return required_text(f"{kind} name", entry.get("name"), longest=longest)


def _country_code(value: object) -> str:
    code = clean_text("country code", value)
    if len(code) != COUNTRY_CODE or not (code.isascii() and code.isalpha() and code.isupper()):
        raise BadValue(f"country code is no ISO 3166-1 alpha-2 code: {ascii(code)[:40]}")
    return code


def _named_list(column: str, values: Mapping[str, str], key: str, clean: Any) -> str:
    """Returns a list of the source as JSON with the key and name of each entry."""
    entries = json_objects(column, values[column])
    return json.dumps(
        [{key: clean(key, entry.get(key)), "name": clean_text("name", entry.get("name"))} for entry in entries],
        ensure_ascii=False,
    )
