"""Rows of the TMDB files made rows for staging.

What the source does not know is None or empty: a budget, revenue or running time of 0, a missing date. Homepage and
keywords have no column in the catalogue and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from service.catalog.models import CharacterRole, Gender, MovieStatus
from service.importers.bad_rows import BadRow, BadRows
from service.importers.cleaning import (
    BadValue,
    clean_id,
    clean_text,
    json_objects,
    known_amount,
    known_day,
    known_minutes,
    real,
    required_text,
    single_spaced,
    whole,
)
from service.importers.names import split_name
from service.importers.reading import Row

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
# By place in a cast: the three names above the title, then those of a usual opening's credits.
LEADING_PLACES = 3
SUPPORTING_PLACES = 10
UNNAMED = "Unnamed"
MAX_CHARACTER = 255
MAX_NAME = 150
MAX_GENRE = 100
MAX_COUNTRY = 100
COUNTRY_CODE = 2


class StagedMovie(NamedTuple):
    """A movie."""

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
    """A movie's genre."""

    movie: int
    tmdb_id: int
    name: str


class StagedCountry(NamedTuple):
    """A movie's country."""

    line: int
    code: str
    name: str


class StagedCredits(NamedTuple):
    """A movie's row of credits."""

    line: int
    movie: int
    director: int | None


class StagedPerson(NamedTuple):
    """Someone who plays or directs."""

    tmdb_id: int
    first_name: str
    last_name: str
    gender: str | None


class StagedPart(NamedTuple):
    """A character of a movie and who plays it."""

    movie: int
    person: int
    name: str
    role: str
    billing_order: int


@dataclass(frozen=True, slots=True)
class CleanMovie:
    """What a row of the movies says."""

    movie: StagedMovie
    genres: Sequence[StagedGenre]
    countries: Sequence[StagedCountry]


@dataclass(frozen=True, slots=True)
class CleanCredits:
    """What a row of the credits says."""

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
        budget=known_amount("budget", values["budget"]),
        revenue=known_amount("revenue", values["revenue"]),
        release_date=known_day("release_date", values["release_date"]),
        duration=known_minutes("runtime", values["runtime"]),
        vote_average=real("vote_average", values["vote_average"], most=10),
        vote_count=whole("vote_count", values["vote_count"]),
        popularity=real("popularity", values["popularity"]),
        status=STATUSES[status],
        original_language=clean_text("original_language", values["original_language"], longest=10) or None,
        country_code=countries[0].code if countries else None,
        production_companies=_named_list("production_companies", values, "id", clean_id),
        production_countries=_named_list("production_countries", values, "iso_3166_1", clean_text),
        spoken_languages=_named_list("spoken_languages", values, "iso_639_1", clean_text),
    )
    return CleanMovie(movie, genres, countries)


def clean_credits(row: Row, *, file: str, bad: BadRows) -> CleanCredits:
    """Returns a movie's director, people and cast; an entry that is none is counted as bad. Raises BadValue.

    Of several directors the first one counts, as a movie has one. A part whose person or name another part of the
    movie has, too, is a part of its own; a character with a slash ("Lucy / Stella") is several.
    """
    movie = clean_id("movie_id", row.values["movie_id"])
    persons: list[StagedPerson] = []
    parts: list[StagedPart] = []
    director: int | None = None
    for place, entry in enumerate(json_objects("cast", row.values["cast"])):
        try:
            person = _person(entry)
            parts += _parts(movie, person.tmdb_id, entry, place)
        except BadValue as error:
            bad.add(BadRow(file, row.line, "cast", f"entry {place + 1}: {error}"))
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
    gender = whole("gender", entry.get("gender") or 0, most=3)
    first, last = split_name(required_text("name", entry.get("name"), longest=2 * MAX_NAME))
    if len(first) > MAX_NAME or len(last) > MAX_NAME:
        raise BadValue(f"name has a part longer than {MAX_NAME} characters")
    return StagedPerson(clean_id("id", entry.get("id")), first, last, GENDERS.get(gender))


def _parts(movie: int, person: int, entry: Mapping[str, Any], place: int) -> Iterator[StagedPart]:
    billing_order = whole("order", entry.get("order", place))
    text = single_spaced(clean_text("character", entry.get("character")))
    for name in dict.fromkeys(part.strip() for part in text.split(" / ")):
        yield StagedPart(movie, person, _shortened(name or UNNAMED), _role(place), billing_order)


def _role(place: int) -> CharacterRole:
    if place < LEADING_PLACES:
        return CharacterRole.LEADING
    return CharacterRole.SUPPORTING if place < SUPPORTING_PLACES else CharacterRole.BACKGROUND


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_CHARACTER else name[: MAX_CHARACTER - 1] + "…"


def _name(what: str, entry: Mapping[str, Any], longest: int) -> str:
    return required_text(f"{what} name", entry.get("name"), longest=longest)


def _country_code(value: object) -> str:
    code = clean_text("country code", value)
    if len(code) != COUNTRY_CODE or not (code.isascii() and code.isalpha() and code.isupper()):
        raise BadValue(f"country code is none of ISO 3166-1: {ascii(code)[:40]}")
    return code


def _named_list(column: str, values: Mapping[str, str], key: str, clean: Any) -> str:
    """Returns a source list as JSON: each entry's key and name."""
    entries = json_objects(column, values[column])
    return json.dumps(
        [{key: clean(key, entry.get(key)), "name": clean_text("name", entry.get("name"))} for entry in entries],
        ensure_ascii=False,
    )
