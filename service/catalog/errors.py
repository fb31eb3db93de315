"""Errors of the catalogue."""

from __future__ import annotations

from service.errors import (
    AlreadyExists,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    Resource,
    ResourceExhausted,
)


class MovieNotFound(NotFound):
    """There is no movie with this id; `name` is an id, such as `603` or `tmdb_id=603`."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no movie {name}", resource=Resource("marquee.catalog.v1.Movie", str(name)))


class PersonNotFound(NotFound):
    """There is no person with this id."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no person {name}", resource=Resource("marquee.catalog.v1.Person", str(name)))


class PhotoNotFound(NotFound):
    """The person has no photo with this file."""

    def __init__(self, file_id: int) -> None:
        super().__init__(f"no photo {file_id}", resource=Resource("marquee.catalog.v1.PersonPhoto", str(file_id)))


class CharacterNotFound(NotFound):
    """There is no character with this id."""

    def __init__(self, character_id: int) -> None:
        super().__init__(
            f"no character {character_id}", resource=Resource("marquee.catalog.v1.Character", str(character_id))
        )


class CharacterInUse(FailedPrecondition):
    """A movie has this character, so it cannot be deleted."""

    def __init__(self, character_id: int) -> None:
        super().__init__(
            f"character {character_id} appears in a movie; remove it from there first",
            resource=Resource("marquee.catalog.v1.Character", str(character_id)),
        )


class CastNotFound(NotFound):
    """There is no appearance with this id."""

    def __init__(self, cast_id: int) -> None:
        super().__init__(
            f"no appearance {cast_id}", resource=Resource("marquee.catalog.v1.CharacterAppearance", str(cast_id))
        )


class CastTaken(AlreadyExists):
    """The movie already has this character with the same person, or with no person."""

    def __init__(self) -> None:
        super().__init__("the movie already has this character with this person; update that appearance")


class GenreNotFound(NotFound):
    """There is no genre with this id."""

    def __init__(self, genre_id: int) -> None:
        super().__init__(f"no genre {genre_id}", resource=Resource("marquee.catalog.v1.Genre", str(genre_id)))


class GenreNameTaken(AlreadyExists):
    """Another genre has this name, regardless of case."""

    def __init__(self, name: object) -> None:
        super().__init__(f"another genre has the name {name}")


class GenreInUse(FailedPrecondition):
    """A movie has this genre, so it cannot be deleted."""

    def __init__(self, genre_id: int) -> None:
        super().__init__(
            f"a movie has genre {genre_id}; remove it from all movies first",
            resource=Resource("marquee.catalog.v1.Genre", str(genre_id)),
        )


class CountryNotFound(NotFound):
    """There is no country with this id."""

    def __init__(self, country_id: int) -> None:
        super().__init__(f"no country {country_id}", resource=Resource("marquee.catalog.v1.Country", str(country_id)))


class CountryNameTaken(AlreadyExists):
    """Another country has this name."""

    def __init__(self, name: object) -> None:
        super().__init__(f"another country has the name {name}")


class CountryCodeTaken(AlreadyExists):
    """Another country has this ISO 3166-1 code."""

    def __init__(self, code: object) -> None:
        super().__init__(f"another country has the code {code}")


class CountryInUse(FailedPrecondition):
    """A movie or a person has this country, so it cannot be deleted."""

    def __init__(self, country_id: int) -> None:
        super().__init__(
            f"a movie or a person has country {country_id}; change their country first",
            resource=Resource("marquee.catalog.v1.Country", str(country_id)),
        )


class TmdbIdTaken(AlreadyExists):
    """Another movie, person or genre has this id of The Movie Database."""

    def __init__(self, tmdb_id: object) -> None:
        super().__init__(f"another record has tmdb_id {tmdb_id}")


class ImdbIdTaken(AlreadyExists):
    """Another movie or person has this id of IMDb."""

    def __init__(self, imdb_id: object) -> None:
        super().__init__(f"another record has imdb_id {imdb_id}")


class FilterInvalid(InvalidArgument):
    """The filter has a syntax error at `position`, the number of a character counted from 1."""

    def __init__(self, *, position: int, expected: str) -> None:
        description = f"at character {position}: expected {expected}"
        super().__init__(
            f"filter: {description}",
            metadata={"position": str(position), "expected": expected},
            violations=[FieldViolation("filter", "filter.syntax", description)],
        )


class CursorInvalid(InvalidArgument):
    """The cursor is not a cursor that this server created."""

    def __init__(self) -> None:
        description = "is not a cursor of the change feed; start again without one"
        super().__init__(f"cursor: {description}", violations=[FieldViolation("cursor", "cursor.signed", description)])


class CursorExpired(FailedPrecondition):
    """Changes after the cursor may have been deleted."""

    def __init__(self) -> None:
        super().__init__("the cursor is older than the stored changes; export the catalogue again")


class TooManyWatches(ResourceExhausted):
    """The caller has too many watches on this worker."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"each caller can have {limit} watches on a worker; end one of them", retry_after=5.0, quota="watches"
        )


class TooManyExports(ResourceExhausted):
    """Too many exports run on this worker."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"a worker can run {limit} exports at the same time; repeat later", retry_after=30.0, quota="exports"
        )
