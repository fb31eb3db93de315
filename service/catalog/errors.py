"""What can go wrong with the catalogue."""

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
    """No such movie; `name` is the id it was asked by, such as `603` or `tmdb_id=603`."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no movie {name}", resource=Resource("marquee.catalog.v1.Movie", str(name)))


class PersonNotFound(NotFound):
    """No such person."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no person {name}", resource=Resource("marquee.catalog.v1.Person", str(name)))


class PhotoNotFound(NotFound):
    """No photo of this person is in this file."""

    def __init__(self, file_id: int) -> None:
        super().__init__(f"no photo {file_id}", resource=Resource("marquee.catalog.v1.PersonPhoto", str(file_id)))


class CharacterNotFound(NotFound):
    """No such character."""

    def __init__(self, character_id: int) -> None:
        super().__init__(
            f"no character {character_id}", resource=Resource("marquee.catalog.v1.Character", str(character_id))
        )


class CharacterInUse(FailedPrecondition):
    """A movie has this character."""

    def __init__(self, character_id: int) -> None:
        super().__init__(
            f"character {character_id} appears in a movie; remove it from there first",
            resource=Resource("marquee.catalog.v1.Character", str(character_id)),
        )


class CastNotFound(NotFound):
    """No such appearance."""

    def __init__(self, cast_id: int) -> None:
        super().__init__(
            f"no appearance {cast_id}", resource=Resource("marquee.catalog.v1.CharacterAppearance", str(cast_id))
        )


class CastTaken(AlreadyExists):
    """The movie has the character played by this very person, or by nobody, already."""

    def __init__(self) -> None:
        super().__init__("the movie has this character with this person already")


class GenreNotFound(NotFound):
    """No such genre."""

    def __init__(self, genre_id: int) -> None:
        super().__init__(f"no genre {genre_id}", resource=Resource("marquee.catalog.v1.Genre", str(genre_id)))


class GenreNameTaken(AlreadyExists):
    """Another genre has this name, be it with other capitals."""

    def __init__(self, name: object) -> None:
        super().__init__(f"another genre has the name {name}")


class GenreInUse(FailedPrecondition):
    """A movie has this genre."""

    def __init__(self, genre_id: int) -> None:
        super().__init__(
            f"a movie has genre {genre_id}; take it from there first",
            resource=Resource("marquee.catalog.v1.Genre", str(genre_id)),
        )


class CountryNotFound(NotFound):
    """No such country."""

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
    """A movie or a person is of this country."""

    def __init__(self, country_id: int) -> None:
        super().__init__(
            f"a movie or a person is of country {country_id}; change that first",
            resource=Resource("marquee.catalog.v1.Country", str(country_id)),
        )


class TmdbIdTaken(AlreadyExists):
    """Another record of the kind has this id at The Movie Database."""

    def __init__(self, tmdb_id: object) -> None:
        super().__init__(f"another record has tmdb_id {tmdb_id}")


class ImdbIdTaken(AlreadyExists):
    """Another record of the kind has this id at IMDb."""

    def __init__(self, imdb_id: object) -> None:
        super().__init__(f"another record has imdb_id {imdb_id}")


class FilterInvalid(InvalidArgument):
    """A filter does not read as one; `position` is the number of the character, from 1, where something is expected."""

    def __init__(self, *, position: int, expected: str) -> None:
        description = f"at character {position}: expected {expected}"
        super().__init__(
            f"filter: {description}",
            metadata={"position": str(position), "expected": expected},
            violations=[FieldViolation("filter", "filter.syntax", description)],
        )


class CursorInvalid(InvalidArgument):
    """The cursor was not made by this server."""

    def __init__(self) -> None:
        description = "is not a cursor of the change feed; start again without one"
        super().__init__(f"cursor: {description}", violations=[FieldViolation("cursor", "cursor.signed", description)])


class CursorExpired(FailedPrecondition):
    """Changes behind the cursor may be gone already."""

    def __init__(self) -> None:
        super().__init__("the cursor is older than the changes that are kept; export the catalogue anew")


class TooManyWatches(ResourceExhausted):
    """The caller has as many watches under way on this worker as it keeps for one."""

    def __init__(self, most: int) -> None:
        super().__init__(f"at most {most} watches of one caller on a worker; end one", retry_after=5.0, quota="watches")


class TooManyExports(ResourceExhausted):
    """The worker has as many exports under way as it takes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"at most {most} exports at once on a worker; repeat later", retry_after=30.0, quota="exports")
