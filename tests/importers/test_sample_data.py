"""Consistency of the sample catalogue, and the limits of the catalogue's columns."""

from __future__ import annotations

import datetime as dt
import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CATALOGUE: dict[str, list[dict[str, Any]]] = json.loads(
    resources.files("service.importers.sample").joinpath("catalogue.json").read_text(encoding="utf-8")
)
MOVIES = CATALOGUE["movies"]
PERSONS = CATALOGUE["persons"]
COUNTRIES = CATALOGUE["countries"]
GENRES = CATALOGUE["genres"]

SENTENCE = re.compile(r"\S.*[.!?]")


def cast() -> Iterator[tuple[str, dict[str, Any]]]:
    for movie in MOVIES:
        for entry in movie["cast"]:
            yield movie["title"], entry


def repeated(values: Iterable[object]) -> list[object]:
    seen: set[object] = set()
    return [value for value in values if value in seen or seen.add(value)]  # type: ignore[func-returns-value]


def test_keys_and_ids_are_unique() -> None:
    assert not repeated(person["key"] for person in PERSONS)
    assert not repeated((person["first_name"], person["last_name"]) for person in PERSONS)
    assert not repeated(country["iso_3166_1"] for country in COUNTRIES)
    assert not repeated(country["name"] for country in COUNTRIES)
    assert not repeated(genre["name"].lower() for genre in GENRES)
    assert not repeated(genre["tmdb_id"] for genre in GENRES)
    assert not repeated(movie["tmdb_id"] for movie in MOVIES if movie["tmdb_id"] is not None)
    assert not repeated(movie["imdb_id"] for movie in MOVIES if movie["imdb_id"] is not None)
    assert not repeated((movie["title"], movie["release_date"][:4]) for movie in MOVIES)
    assert not repeated(movie["popularity"] for movie in MOVIES)


def test_references_resolve() -> None:
    keys = {person["key"] for person in PERSONS}
    codes = {country["iso_3166_1"] for country in COUNTRIES}
    genres = {genre["name"] for genre in GENRES}
    for movie in MOVIES:
        assert movie["director"] in keys, movie["title"]
        assert movie["genres"], movie["title"]
        assert set(movie["genres"]) <= genres, movie["title"]
        assert movie["countries"], movie["title"]
        assert set(movie["countries"]) <= codes, movie["title"]
    assert {entry["person"] for _, entry in cast()} <= keys | {None}
    assert {person["country"] for person in PERSONS} <= codes | {None}


def test_nothing_is_listed_without_being_used() -> None:
    played = {entry["person"] for _, entry in cast()}
    assert {person["key"] for person in PERSONS} == (played | {movie["director"] for movie in MOVIES}) - {None}
    used = {code for movie in MOVIES for code in movie["countries"]} | {p["country"] for p in PERSONS}
    assert {country["iso_3166_1"] for country in COUNTRIES} == used - {None}


def test_lists_have_no_repetitions() -> None:
    assert not repeated((title, entry["character"], entry["person"]) for title, entry in cast())
    for movie in MOVIES:
        for name in ("genres", "countries", "spoken_languages"):
            assert not repeated(movie[name]), movie["title"]


def test_is_varied_enough_for_a_demonstration() -> None:
    assert len(MOVIES) >= 60
    assert len({code for movie in MOVIES for code in movie["countries"]}) >= 15
    assert len({movie["release_date"][:3] for movie in MOVIES}) >= 5
    assert len(GENRES) == 19


def test_movies_are_within_bounds() -> None:
    for movie in MOVIES:
        title = movie["title"]
        assert 1 <= len(title) <= 500
        assert 1 <= len(movie["original_title"]) <= 500, title
        assert 1 <= movie["duration"] <= 600, title
        assert 150 <= len(movie["description"]) <= 400, title
        assert SENTENCE.fullmatch(movie["description"]), title
        assert movie["tagline"] == "", title
        assert movie["status"] == "released", title
        assert (movie["vote_average"], movie["vote_count"]) == (0, 0), title
        assert 0 < movie["popularity"] <= 100, title
        assert 1895 <= dt.date.fromisoformat(movie["release_date"]).year <= 2100, title
        assert movie["tmdb_id"] is None or movie["tmdb_id"] > 0, title
        assert movie["imdb_id"] is None or re.fullmatch(r"tt[0-9]{7,9}", movie["imdb_id"]), title
        for amount in (movie["budget"], movie["revenue"]):
            assert amount is None or re.fullmatch(r"[1-9][0-9]{0,18}\.[0-9]{2}", amount), title


def test_codes_are_iso_codes() -> None:
    assert all(re.fullmatch(r"[A-Z]{2}", country["iso_3166_1"]) for country in COUNTRIES)
    for movie in MOVIES:
        assert re.fullmatch(r"[a-z]{2}", movie["original_language"]), movie["title"]
        assert movie["spoken_languages"], movie["title"]
        assert all(re.fullmatch(r"[a-z]{2}", code) for code in movie["spoken_languages"]), movie["title"]


def test_casts_are_within_bounds() -> None:
    for movie in MOVIES:
        entries = movie["cast"]
        assert 4 <= len(entries) <= 8, movie["title"]
        assert [entry["billing_order"] for entry in entries] == list(range(len(entries))), movie["title"]
        assert any(entry["role"] == "leading" for entry in entries), movie["title"]
    for title, entry in cast():
        assert 1 <= len(entry["character"]) <= 255, title
        assert entry["role"] in {"leading", "supporting", "background"}, title
        assert entry["description"] is None or SENTENCE.fullmatch(entry["description"]), title


def test_persons_are_within_bounds() -> None:
    directors = {movie["director"] for movie in MOVIES}
    for person in PERSONS:
        key = person["key"]
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key)
        assert 1 <= len(person["first_name"]) <= 150, key
        assert len(person["last_name"]) <= 150, key
        assert person["gender"] in {"male", "female", "non_binary", None}, key
        born = person["date_of_birth"]
        assert born is None or 1800 <= dt.date.fromisoformat(born).year <= 2020, key
        assert person["biography"] is None or SENTENCE.fullmatch(person["biography"]), key
        assert person["biography"] is not None or key not in directors, key


def test_credits_are_later_than_birth_dates() -> None:
    born = {person["key"]: person["date_of_birth"] for person in PERSONS}
    for movie in MOVIES:
        for key in (movie["director"], *(entry["person"] for entry in movie["cast"])):
            assert key is None or born[key] is None or born[key] < movie["release_date"], (
                movie["title"],
                key,
            )


def test_genres_have_ids_and_notes() -> None:
    assert all(genre["tmdb_id"] > 0 for genre in GENRES)
    assert all(SENTENCE.fullmatch(genre["notes"]) for genre in GENRES)


def test_file_is_formatted_and_sorted() -> None:
    text = resources.files("service.importers.sample").joinpath("catalogue.json").read_text(encoding="utf-8")
    assert text == json.dumps(CATALOGUE, ensure_ascii=False, indent=2) + "\n"
    assert [movie["release_date"] for movie in MOVIES] == sorted(movie["release_date"] for movie in MOVIES)
    assert [person["key"] for person in PERSONS] == sorted(person["key"] for person in PERSONS)
