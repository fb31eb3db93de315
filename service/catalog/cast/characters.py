"""Characters, independent of the movies they appear in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from tortoise.exceptions import IntegrityError

from service import audit
from service.api.etags import lock_row
from service.api.pagination import Page, PageTokens, page_size
from service.api.text import contains_pattern, nfc
from service.auth.principal import UserId
from service.catalog.cast.service import add_appearance, appearance_error
from service.catalog.errors import CharacterInUse, CharacterNotFound
from service.catalog.models import Character, CharacterRole, MovieCharacter
from service.database.orm import connection, transaction, violated_constraint
from service.errors import invalid_field


@dataclass(frozen=True, slots=True)
class FirstAppearance:
    """The first appearance of a new character."""

    movie_id: int
    person_id: int | None
    billing_order: int


@dataclass(frozen=True, slots=True)
class NewCharacter:
    """A new character and its first appearance, if requested; its movie, character and person are loaded."""

    character: Character
    appearance: MovieCharacter | None


class CharacterChanges(TypedDict, total=False):
    """Fields of a character to write; an absent field stays unchanged. None means unknown."""

    name: str
    description: str | None
    role: CharacterRole | None


class Characters:
    """The characters of the catalogue."""

    def __init__(self, *, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    async def get_character(self, character_id: int) -> Character:
        """Returns a character; raises CharacterNotFound."""
        character = await Character.get_or_none(id=character_id)
        if character is None:
            raise CharacterNotFound(character_id)
        return character

    async def list_characters(self, *, text: str, size: int, page_token: str) -> Page[Character]:
        """Returns a page of the characters whose name contains `text`, by name; size 0 is the default.

        Raises PageTokenInvalid.
        """
        binding = ("ListCharacters", text)
        limit = page_size(size)
        rows = await _rows(text, self._page_tokens.read(page_token, binding=binding), limit=limit + 1)
        by_id = {character.id: character for character in await Character.filter(id__in=[row["id"] for row in rows])}
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(
            # A character that was deleted between the two queries is left out.
            [by_id[row["id"]] for row in rows[:limit] if row["id"] in by_id],
            self._page_tokens.make([last["name"], last["id"]], binding=binding) if last else "",
        )

    async def create_character(
        self, changes: CharacterChanges, *, first: FirstAppearance | None, actor_id: UserId
    ) -> NewCharacter:
        """Creates a character, and its first appearance in the same transaction.

        Raises FieldsInvalid for a movie or person that does not exist.
        """
        try:
            async with transaction():
                character = await Character.create(**changes)
                await audit.record(
                    "characters.create",
                    resource=f"characters/{character.id}",
                    actor_user_id=actor_id,
                    name=character.name,
                )
                appearance = await _add_first(first, character.id, actor_id=actor_id) if first else None
                return NewCharacter(await self.get_character(character.id), appearance)
        except IntegrityError as error:
            if first is None:
                raise
            if violated_constraint(error) == "movie_characters_movie_id_fkey":
                raise invalid_field("movie_id", "movie.exists", f"no movie {first.movie_id}") from error
            raise appearance_error(error, first.person_id) or error from error

    async def update_character(
        self, character_id: int, changes: CharacterChanges, *, etag: str, actor_id: UserId
    ) -> Character:
        """Changes all given fields of a character or none; without changes, its version stays the same.

        Raises CharacterNotFound, EtagStale unless the etag is empty.
        """
        async with transaction():
            await lock_row(Character.filter(id=character_id), etag=etag, not_found=CharacterNotFound(character_id))
            if changes:
                await Character.filter(id=character_id).update(**changes)
                await audit.record(
                    "characters.update",
                    resource=f"characters/{character_id}",
                    actor_user_id=actor_id,
                    fields=sorted(changes),
                )
            return await self.get_character(character_id)

    async def delete_character(self, character_id: int, *, etag: str, actor_id: UserId) -> None:
        """Deletes a character that appears in no movie.

        Raises CharacterNotFound, EtagStale unless the etag is empty, CharacterInUse.
        """
        try:
            async with transaction():
                character = await lock_row(
                    Character.filter(id=character_id), etag=etag, not_found=CharacterNotFound(character_id)
                )
                await Character.filter(id=character_id).delete()
                await audit.record(
                    "characters.delete",
                    resource=f"characters/{character_id}",
                    actor_user_id=actor_id,
                    name=character.name,
                )
        except IntegrityError as error:
            if violated_constraint(error) == "movie_characters_character_id_fkey":
                raise CharacterInUse(character_id) from error
            raise


async def _add_first(first: FirstAppearance, character_id: int, *, actor_id: UserId) -> Any:
    return await add_appearance(
        first.movie_id,
        character_id,
        actor_id=actor_id,
        person_id=first.person_id,
        billing_order=first.billing_order,
    )


async def _rows(text: str, position: list[Any] | None, *, limit: int) -> list[dict[str, Any]]:
    """Returns the names and ids of one page. The position includes the id, because many characters share a name."""
    conditions, values = [], []
    if text:
        values.append(contains_pattern(nfc(text)))
        conditions.append(f"name ILIKE ${len(values)}")
    if position is not None:
        values += position
        conditions.append(f"(name, id) > (${len(values) - 1}, ${len(values)})")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return await connection().execute_query_dict(
        # The statement consists of constants of this module; values are parameters.
        f"SELECT id, name FROM characters {where} ORDER BY name, id LIMIT {limit:d}",  # noqa: S608
        values,
    )
