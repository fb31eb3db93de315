"""Conversion of rows of the MovieLens files to rows for staging."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from service.importers.cleaning import BadValue, clean_id, clean_text, required_text, single_spaced, whole_number
from service.importers.csv_files import Row

MOVIE_COLUMNS = ("movieId", "title", "genres")
LINK_COLUMNS = ("movieId", "imdbId", "tmdbId")
RATING_COLUMNS = ("userId", "movieId", "rating", "timestamp")
YEAR = re.compile(r"\s*\((\d{4})(?:[-\u2013]\s*(?:\d{4})?)?\)\s*$")
# Matches innermost brackets only, so that brackets inside a title stay together.
OTHER_TITLE = re.compile(r"(?<=\S)\s+\(([^()]*)\)$")
ALSO_KNOWN_AS = re.compile(r"a\.?k\.?a\.?[ :]", re.IGNORECASE)
ARTICLE = re.compile(
    r"(.+), (The|A|An|Le|La|Les|L'|Un|Une|El|Los|Las|Il|Lo|Gli|Der|Die|Das|Den|Det|De|Het|En|Ett|O|Os|As)$"
)
FIRST_YEAR = 1870
# TMDB's names of the same genres. An empty name drops an entry that is no genre.
GENRES = {
    "Children": "Family",
    "Film-Noir": "Film Noir",
    "Sci-Fi": "Science Fiction",
    "IMAX": "",
    "(no genres listed)": "",
}
MAX_STARS = 5
HALF_STARS = 2
MAX_TIMESTAMP = 253_402_300_799


class StagedMovie(NamedTuple):
    """Row of staged_movies."""

    line: int
    key: int
    title: str
    original_title: str | None
    release_date: date | None


class StagedGenre(NamedTuple):
    """Row of staged_genres: a genre of a movie."""

    key: int
    name: str


class StagedLink(NamedTuple):
    """Row of staged_links: ids of a movie in other catalogues."""

    line: int
    key: int
    imdb_id: str | None
    tmdb_id: int | None


class StagedRating(NamedTuple):
    """Row of staged_ratings, with the ids of the catalogue."""

    line: int
    user_id: int
    movie_id: int
    rating: int
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class Rating:
    """Rating with the ids of MovieLens."""

    line: int
    user: int
    movie: int
    stars: int
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class Title:
    """Parts of a MovieLens title."""

    title: str
    original_title: str | None
    year: int | None


def clean_movie(row: Row) -> tuple[StagedMovie, Sequence[StagedGenre]]:
    """Returns a movie and its genres; raises BadValue.

    The source has only the year of the release, so the release date is the first of January.
    """
    key = clean_id("movieId", row.values["movieId"])
    title = parse_title(required_text("title", row.values["title"], longest=500))
    names = (clean_text("genre", name, longest=100) for name in row.values["genres"].split("|"))
    genres = dict.fromkeys(GENRES.get(name, name) for name in names)
    released = date(title.year, 1, 1) if title.year else None
    movie = StagedMovie(row.line, key, title.title, title.original_title, released)
    return movie, [StagedGenre(key, name) for name in genres if name]


def clean_link(row: Row) -> StagedLink:
    """Returns the ids of a movie in other catalogues; raises BadValue if it has none or an invalid one."""
    values = {name: value.strip() for name, value in row.values.items()}
    key = clean_id("movieId", values["movieId"])
    imdb_number = clean_id("imdbId", values["imdbId"]) if values["imdbId"] else 0
    tmdb_id = clean_id("tmdbId", values["tmdbId"]) if values["tmdbId"] else None
    if not imdb_number and not tmdb_id:
        raise BadValue("has neither imdbId nor tmdbId")
    if imdb_number >= 10**9:
        raise BadValue("imdbId has more than 9 digits")
    return StagedLink(row.line, key, f"tt{imdb_number:07}" if imdb_number else None, tmdb_id)


def clean_rating(row: Row) -> Rating:
    """Returns a rating; raises BadValue."""
    values = row.values
    return Rating(
        line=row.line,
        user=clean_id("userId", values["userId"]),
        movie=clean_id("movieId", values["movieId"]),
        stars=whole_stars(values["rating"]),
        rated_at=datetime.fromtimestamp(whole_number("timestamp", values["timestamp"], most=MAX_TIMESTAMP), UTC),
    )


def whole_stars(rating: str) -> int:
    """Returns 1 to 5 stars for a rating of 0.5 to 5.0; half stars are rounded up."""
    try:
        halves = str(Decimal(rating.strip()) * HALF_STARS)
    except ArithmeticError as error:
        raise BadValue("rating is no number") from error
    return math.ceil(whole_number("rating in half stars", halves, least=1, most=MAX_STARS * HALF_STARS) / HALF_STARS)


def parse_title(text: str) -> Title:
    """Returns "Postman, The (Postino, Il) (1994)" as The Postman, Il Postino, 1994.

    The last bracket before the year holds the original title, unless it starts with "a.k.a.". Other brackets at the
    end are dropped.
    """
    year = YEAR.search(text)
    title = single_spaced(text[: year.start()] if year else text)
    original = None
    while (match := OTHER_TITLE.search(title)) is not None:
        if original is None and match[1] and not ALSO_KNOWN_AS.match(match[1]):
            original = _article_first(match[1])
        title = title[: match.start()]
    number = int(year[1]) if year else 0
    return Title(_article_first(title), original, number if number >= FIRST_YEAR else None)


def _article_first(title: str) -> str:
    match = ARTICLE.match(title)
    if match is None:
        return title
    return match[2] + ("" if match[2].endswith("'") else " ") + match[1]
