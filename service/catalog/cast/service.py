"""Casts: the appearances of characters in movies, and their actors."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypedDict, Unpack

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from service import audit
from service.api.etags import lock_row
from service.api.pagination import Page, PageTokens, page_size
from service.auth.principal import UserId
from service.catalog.errors import CastNotFound, CastTaken, CharacterNotFound, MovieNotFound
from service.catalog.models import Character, CharacterRole, Movie, MovieCharacter
from service.database.orm import transaction, violated_constraint
from service.errors import DomainError, invalid_field

# Without the long texts of the movie and the person.
LOADED_COLUMNS = (
    "id",
    "role",
    "billing_order",
    "row_version",
    "movie_id",
    "character_id",
    "person_id",
    "movie__id",
    "movie__title",
    "character__id",
    "character__name",
    "character__role",
    "person__id",
    "person__first_name",
    "person__last_name",
)


class CastChanges(TypedDict, total=False):
    """Fields of an appearance to write; an absent field stays unchanged."""

    person_id: int | None
    """None for an unknown actor."""
    role: CharacterRole | None
    """None means the role of the character."""
    billing_order: int


class Cast:
    """Appearances of characters; returned appearances have their movie, character and person loaded."""

    def __init__(self, *, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    async def list_movie_cast(self, movie_id: int, *, size: int, page_token: str) -> Page[MovieCharacter]:
        """Returns a page of a movie's cast by billing order, then by id; size 0 is the default.

        Raises MovieNotFound, PageTokenInvalid.
        """
        binding = ("ListMovieCast", movie_id)
        position = self._page_tokens.read(page_token, binding=binding)
        if not await Movie.exists(id=movie_id):
            raise MovieNotFound(movie_id)
        cast = _loaded().filter(movie_id=movie_id).order_by("billing_order", "id")
        if position is not None:
            billing_order, cast_id = position
            cast = cast.filter(Q(billing_order__gt=billing_order) | Q(billing_order=billing_order, id__gt=cast_id))
        limit = page_size(size)
        found = await cast.limit(limit + 1)
        last = [found[limit - 1].billing_order, found[limit - 1].id] if len(found) > limit else None
        return Page(found[:limit], self._page_tokens.make(last, binding=binding) if last else "")

    async def list_character_appearances(
        self, character_id: int, *, size: int, page_token: str
    ) -> Page[MovieCharacter]:
        """Returns a page of a character's appearances in all movies by id; size 0 is the default.

        Raises CharacterNotFound, PageTokenInvalid.
        """
        binding = ("ListCharacterAppearances", character_id)
        position = self._page_tokens.read(page_token, binding=binding)
        if not await Character.exists(id=character_id):
            raise CharacterNotFound(character_id)
        after = position[0] if position else 0
        limit = page_size(size)
        found = await _loaded().filter(character_id=character_id, id__gt=after).order_by("id").limit(limit + 1)
        token = self._page_tokens.make([found[limit - 1].id], binding=binding) if len(found) > limit else ""
        return Page(found[:limit], token)

    async def add_cast(
        self, movie_id: int, character_id: int, *, actor_id: UserId, **fields: Unpack[CastChanges]
    ) -> MovieCharacter:
        """Adds a character to a movie.

        Raises MovieNotFound, CastTaken, and FieldsInvalid for a character or person that does not exist.
        """
        try:
            async with transaction():
                return await add_appearance(movie_id, character_id, actor_id=actor_id, **fields)
        except IntegrityError as error:
            match violated_constraint(error):
                case "movie_characters_movie_id_fkey":
                    raise MovieNotFound(movie_id) from error
                case "movie_characters_character_id_fkey":
                    raise invalid_field("character_id", "character.exists", f"no character {character_id}") from error
            raise appearance_error(error, fields.get("person_id")) or error from error

    async def update_cast(self, cast_id: int, changes: CastChanges, *, etag: str, actor_id: UserId) -> MovieCharacter:
        """Changes all given fields of an appearance or none; without changes, its version stays the same.

        Raises CastNotFound, EtagStale unless the etag is empty, CastTaken, and FieldsInvalid for a person that
        does not exist.
        """
        try:
            async with transaction():
                await lock_row(MovieCharacter.filter(id=cast_id), etag=etag, not_found=CastNotFound(cast_id))
                if changes:
                    await MovieCharacter.filter(id=cast_id).update(**changes)
                    await audit.record(
                        "cast.update", resource=f"cast/{cast_id}", actor_user_id=actor_id, fields=sorted(changes)
                    )
                return await _loaded().get(id=cast_id)
        except IntegrityError as error:
            raise appearance_error(error, changes.get("person_id")) or error from error

    async def remove_cast(self, cast_id: int, *, etag: str, actor_id: UserId) -> None:
        """Removes an appearance; its character and person stay.

        Raises CastNotFound, EtagStale unless the etag is empty.
        """
        async with transaction():
            appearance = await lock_row(MovieCharacter.filter(id=cast_id), etag=etag, not_found=CastNotFound(cast_id))
            await MovieCharacter.filter(id=cast_id).delete()
            await audit.record(
                "cast.remove", resource=f"cast/{cast_id}", actor_user_id=actor_id, movie_id=appearance.movie_id
            )


async def get_appearances(cast_ids: Collection[int]) -> dict[int, MovieCharacter]:
    """Returns the appearances that exist, by id, with their movie, character and person loaded, in one query."""
    found = await _loaded().filter(id__in=cast_ids) if cast_ids else []
    return {appearance.id: appearance for appearance in found}


async def add_appearance(
    movie_id: int, character_id: int, *, actor_id: UserId, **fields: Unpack[CastChanges]
) -> MovieCharacter:
    """Adds a character to a movie in the caller's transaction; raises IntegrityError, see `appearance_error`."""
    added = await MovieCharacter.create(movie_id=movie_id, character_id=character_id, **fields)
    await audit.record("cast.add", resource=f"cast/{added.id}", actor_user_id=actor_id, movie_id=movie_id)
    return await _loaded().get(id=added.id)


def appearance_error(error: IntegrityError, person_id: int | None) -> DomainError | None:
    """Returns the domain error of a violated constraint of an appearance; None for another constraint."""
    match violated_constraint(error):
        case "uq_movie_characters":
            return CastTaken()
        case "movie_characters_person_id_fkey":
            return invalid_field("person_id", "person.exists", f"no person {person_id}")
    return None


def _loaded() -> QuerySet[MovieCharacter]:
    return MovieCharacter.all().select_related("movie", "character", "person").only(*LOADED_COLUMNS)
