"""Import of the sample catalogue: films, people and characters. Movies that are present already stay unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Any

from service.catalog.models import (
    Character,
    Country,
    Genre,
    Movie,
    MovieCharacter,
    MovieGenre,
    Person,
)
from service.database.orm import transaction

Progress = Callable[[int, int], None]
"""Called with the number of movies that are done and of all movies."""


@dataclass(frozen=True)
class SampleSummary:
    """Result of an import of the sample catalogue."""

    movies_added: int
    movies_present: int
    persons_added: int
    characters_added: int


@dataclass(frozen=True)
class _Shared:
    """Records that several movies refer to, by their keys in the sample."""

    countries: dict[str, Country]
    genres: dict[str, Genre]
    persons: dict[str, Person]
    persons_added: int


def read_sample() -> dict[str, Any]:
    """Returns the content of catalogue.json."""
    text = resources.files(__package__).joinpath("catalogue.json").read_text(encoding="utf-8")
    sample: dict[str, Any] = json.loads(text)
    return sample


async def load_sample(sample: dict[str, Any], *, progress: Progress) -> SampleSummary:
    """Adds the movies that the database lacks, with everything they refer to, in one transaction.

    A movie is present if a movie of the database has the same TMDB id, the same IMDb id, or the same title and release
    date. It is not changed, so a repeat changes nothing.
    """
    async with transaction():
        movies = await Movie.all().values("tmdb_id", "imdb_id", "title", "release_date")
        known = {key for movie in movies for key in _keys(movie)}
        entries = sample["movies"]
        missing = [
            entry
            for entry in entries
            if known.isdisjoint(_keys(entry | {"release_date": _date(entry["release_date"])}))
        ]
        shared = await _ensure_shared(sample, missing)
        characters = 0
        for done, entry in enumerate(missing, start=1):
            characters += await _add_movie(entry, shared)
            progress(done, len(missing))
    return SampleSummary(
        movies_added=len(missing),
        movies_present=len(entries) - len(missing),
        persons_added=shared.persons_added,
        characters_added=characters,
    )


async def _ensure_shared(sample: dict[str, Any], movies: Sequence[dict[str, Any]]) -> _Shared:
    countries = {country.iso_3166_1 or "": country for country in await Country.all()}
    for entry in sample["countries"]:
        if movies and entry["iso_3166_1"] not in countries:
            countries[entry["iso_3166_1"]] = await Country.create(**entry)
    genres = {genre.name.lower(): genre for genre in await Genre.all()}
    for entry in sample["genres"]:
        if movies and entry["name"].lower() not in genres:
            genres[entry["name"].lower()] = await Genre.create(**entry)
    keys = {part["person"] for movie in movies for part in movie["cast"]} | {movie["director"] for movie in movies}
    persons, added = await _ensure_persons([entry for entry in sample["persons"] if entry["key"] in keys], countries)
    return _Shared(countries, genres, persons, added)


async def _ensure_persons(
    entries: Sequence[dict[str, Any]], countries: dict[str, Country]
) -> tuple[dict[str, Person], int]:
    known = {(person.first_name, person.last_name, person.date_of_birth): person for person in await Person.all()}
    persons: dict[str, Person] = {}
    added = 0
    for entry in entries:
        born = _date(entry["date_of_birth"])
        person = known.get((entry["first_name"], entry["last_name"], born))
        if person is None:
            added += 1
            person = await Person.create(
                first_name=entry["first_name"],
                last_name=entry["last_name"],
                date_of_birth=born,
                gender=entry["gender"],
                biography=entry["biography"],
                country=countries[entry["country"]] if entry["country"] else None,
            )
        persons[entry["key"]] = person
    return persons, added


async def _add_movie(entry: dict[str, Any], shared: _Shared) -> int:
    """Adds a movie with its genres and cast; returns the number of its characters."""
    production = [shared.countries[code] for code in entry["countries"]]
    movie = await Movie.create(
        tmdb_id=entry["tmdb_id"],
        imdb_id=entry["imdb_id"],
        title=entry["title"],
        original_title=entry["original_title"],
        description=entry["description"],
        tagline=entry["tagline"],
        budget=_money(entry["budget"]),
        revenue=_money(entry["revenue"]),
        release_date=_date(entry["release_date"]),
        duration=entry["duration"],
        director=shared.persons.get(entry["director"]),
        country=production[0] if production else None,
        popularity=entry["popularity"],
        vote_average=entry["vote_average"],
        vote_count=entry["vote_count"],
        status=entry["status"],
        original_language=entry["original_language"],
        production_countries=[{"iso_3166_1": country.iso_3166_1, "name": country.name} for country in production],
        spoken_languages=[{"iso_639_1": code, "name": ""} for code in entry["spoken_languages"]],
    )
    await MovieGenre.bulk_create(MovieGenre(movie=movie, genre=shared.genres[name.lower()]) for name in entry["genres"])
    for part in entry["cast"]:
        character = await Character.create(name=part["character"], description=part["description"], role=part["role"])
        await MovieCharacter.create(
            movie=movie,
            character=character,
            person=shared.persons.get(part["person"]),
            role=part["role"],
            billing_order=part["billing_order"],
        )
    return len(entry["cast"])


def _keys(movie: dict[str, Any]) -> set[tuple[str, Any]]:
    """Returns the keys that identify a movie."""
    keys = {(name, movie[name]) for name in ("tmdb_id", "imdb_id") if movie[name]}
    return keys | {(movie["title"], movie["release_date"])}


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _money(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None
