"""Rows of the MovieLens files made rows for staging."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from service.importers.cleaning import BadValue, clean_id, clean_text, required_text, single_spaced, whole
from service.importers.reading import Row

MOVIE_COLUMNS = ("movieId", "title", "genres")
LINK_COLUMNS = ("movieId", "imdbId", "tmdbId")
RATING_COLUMNS = ("userId", "movieId", "rating", "timestamp")
YEAR = re.compile(r"\s*\((\d{4})(?:[-\u2013]\s*(?:\d{4})?)?\)\s*$")
# Innermost brackets alone: a title within a title keeps its own.
OTHER_TITLE = re.compile(r"(?<=\S)\s+\(([^()]*)\)$")
ALSO_KNOWN = re.compile(r"a\.?k\.?a\.?[ :]", re.IGNORECASE)
ARTICLE = re.compile(
    r"(.+), (The|A|An|Le|La|Les|L'|Un|Une|El|Los|Las|Il|Lo|Gli|Der|Die|Das|Den|Det|De|Het|En|Ett|O|Os|As)$"
)
FIRST_YEAR = 1870
# In the words of TMDB, where it has the same genre; what is a format, not a genre, is nothing.
GENRES = {
    "Children": "Family",
    "Film-Noir": "Film Noir",
    "Sci-Fi": "Science Fiction",
    "IMAX": "",
    "(no genres listed)": "",
}
# Half stars from half of one to five.
MOST_STARS = Decimal(5)
HALVES = 2
LAST_SECOND = 253_402_300_799


class StagedMovie(NamedTuple):
    """A movie."""

    line: int
    key: int
    title: str
    original_title: str | None
    release_date: date | None


class StagedGenre(NamedTuple):
    """A movie's genre."""

    key: int
    name: str


class StagedLink(NamedTuple):
    """What other catalogues call a movie."""

    line: int
    key: int
    imdb_id: str | None
    tmdb_id: int | None


class StagedRating(NamedTuple):
    """A user's rating of a movie."""

    line: int
    user_id: int
    movie_id: int
    rating: int
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating in the source's own terms."""

    line: int
    user: int
    movie: int
    stars: int
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class Title:
    """A movie's title taken apart."""

    title: str
    original_title: str | None
    year: int | None


def clean_movie(row: Row) -> tuple[StagedMovie, Sequence[StagedGenre]]:
    """Returns a movie and its genres; raises BadValue.

    Of its release the source tells the year alone, which is kept as the first of January.
    """
    key = clean_id("movieId", row.values["movieId"])
    title = take_apart(required_text("title", row.values["title"], longest=500))
    names = (clean_text("genre", name, longest=100) for name in row.values["genres"].split("|"))
    genres = dict.fromkeys(GENRES.get(name, name) for name in names)
    released = date(title.year, 1, 1) if title.year else None
    movie = StagedMovie(row.line, key, title.title, title.original_title, released)
    return movie, [StagedGenre(key, name) for name in genres if name]


def clean_link(row: Row) -> StagedLink:
    """Returns a movie's ids elsewhere; without any, or with one that is none, raises BadValue."""
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
        rated_at=datetime.fromtimestamp(whole("timestamp", values["timestamp"], most=LAST_SECOND), UTC),
    )


def whole_stars(rating: str) -> int:
    """Returns half stars as 1 to 5: a half is rounded up, so that half a star is one."""
    halves = whole("rating in half stars", _doubled(rating), least=1, most=int(MOST_STARS * HALVES))
    return math.ceil(halves / HALVES)


def take_apart(text: str) -> Title:
    """Returns "Postman, The (Postino, Il) (1994)" as The Postman, Il Postino, 1994.

    The last bracket before the year holds the original title, unless it says "a.k.a."; the others are dropped.
    """
    year = YEAR.search(text)
    title = single_spaced(text[: year.start()] if year else text)
    original = None
    while (found := OTHER_TITLE.search(title)) is not None:
        if original is None and found[1] and not ALSO_KNOWN.match(found[1]):
            original = _article_first(found[1])
        title = title[: found.start()]
    known = int(year[1]) if year else 0
    return Title(_article_first(title), original, known if known >= FIRST_YEAR else None)


def _article_first(title: str) -> str:
    found = ARTICLE.match(title)
    if found is None:
        return title
    return found[2] + ("" if found[2].endswith("'") else " ") + found[1]


def _doubled(rating: str) -> str:
    try:
        return str(Decimal(rating.strip()) * HALVES)
    except ArithmeticError as error:
        raise BadValue("rating is no number") from error
