"""What travels between the functions about people and their callers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType, TypedDict

from service.api.etags import etag_of
from service.catalog.models import Gender, MovieCharacter, Person
from service.media.values import FileId, Image

PersonId = NewType("PersonId", int)


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """A person with all that a reply carries, their country loaded."""

    person: Person
    primary_photo: Image | None

    @property
    def etag(self) -> str:
        """The version of the record."""
        return etag_of(self.person)


@dataclass(frozen=True, slots=True)
class PersonFilter:
    """Which people to list; what is None holds for all."""

    country_id: int | None = None
    gender: Gender | None = None
    has_photo: bool | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of a person; no image while its file is not fit to be shown."""

    file_id: FileId
    image: Image | None
    is_primary: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Credit:
    """What a person did in one movie: played in it, or directed it when there is no appearance."""

    movie_id: int
    title: str
    release_date: date | None
    poster: Image | None
    appearance: MovieCharacter | None
    """Its movie, character and person loaded."""


class PersonChanges(TypedDict, total=False):
    """What staff write of a person; what is absent stays as it is. None is not known."""

    first_name: str
    last_name: str
    biography: str | None
    date_of_birth: date | None
    gender: Gender | None
    country_id: int | None
    tmdb_id: int | None
    imdb_id: str | None
