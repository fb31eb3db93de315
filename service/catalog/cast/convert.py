"""Conversions of characters and appearances to messages and back."""

from __future__ import annotations

from typing import Any, cast

from marquee.catalog.v1 import cast_pb2, character_pb2, movie_pb2

from service.api.etags import etag_of
from service.api.protobuf import (
    FieldReaders,
    read_changes,
    read_fields,
    read_optional_text,
    read_optional_value,
    read_required_text,
    read_value,
    timestamp,
)
from service.catalog.cast.characters import CharacterChanges, FirstAppearance
from service.catalog.cast.service import CastChanges
from service.catalog.models import Character, CharacterRole, MovieCharacter
from service.errors import FieldsInvalid, FieldViolation

ROLE_PREFIX = "CHARACTER_ROLE_"


def to_character(character: Character) -> character_pb2.Character:
    """Returns the message of a character."""
    return character_pb2.Character(
        id=character.id,
        name=character.name,
        description=character.description or "",
        role=_to_role(character.role),
        etag=etag_of(character),
        create_time=timestamp(character.created_at),
        update_time=timestamp(character.updated_at),
    )


def to_appearance(appearance: MovieCharacter) -> character_pb2.CharacterAppearance:
    """Returns the message of an appearance whose movie, character and person are loaded."""
    character, person = appearance.character, appearance.person
    return character_pb2.CharacterAppearance(
        id=appearance.id,
        movie_id=appearance.movie.id,
        movie_title=appearance.movie.title,
        character_id=character.id,
        character_name=character.name,
        actor=movie_pb2.PersonSummary(id=person.id, first_name=person.first_name, last_name=person.last_name)
        if person
        else None,
        role=_to_role(appearance.role or character.role),
        billing_order=appearance.billing_order,
        etag=etag_of(appearance),
    )


def new_character_from(request: cast_pb2.CreateCharacterRequest) -> CharacterChanges:
    """Returns all fields of a new character; raises FieldsInvalid, naming every invalid field."""
    return cast("CharacterChanges", read_fields(request.character, CHARACTER_FIELDS, CHARACTER_FIELDS))


def first_appearance_from(request: cast_pb2.CreateCharacterRequest) -> FirstAppearance | None:
    """Returns the first appearance of a new character; raises FieldsInvalid for its fields without a movie."""
    if request.movie_id:
        return FirstAppearance(request.movie_id, request.person_id or None, request.billing_order)
    without_movie = [name for name in ("person_id", "billing_order") if getattr(request, name)]
    if without_movie:
        raise FieldsInvalid([FieldViolation(name, "appearance.movie", "needs movie_id") for name in without_movie])
    return None


def character_changes_from(request: cast_pb2.UpdateCharacterRequest) -> CharacterChanges:
    """Returns the fields to change; raises FieldsInvalid for an invalid mask and for every invalid field."""
    return cast("CharacterChanges", read_changes(request.character, request.update_mask, CHARACTER_FIELDS))


def new_cast_from(request: cast_pb2.AddCastRequest) -> CastChanges:
    """Returns the fields of a new appearance."""
    return cast("CastChanges", read_fields(request, CAST_FIELDS, CAST_FIELDS))


def cast_changes_from(request: cast_pb2.UpdateCastRequest) -> CastChanges:
    """Returns the fields to change; raises FieldsInvalid for an invalid mask."""
    return cast("CastChanges", read_changes(request, request.update_mask, CAST_FIELDS))


def _to_role(role: CharacterRole | None) -> character_pb2.CharacterRole.ValueType:
    return character_pb2.CharacterRole.Value(f"{ROLE_PREFIX}{role.name if role else 'UNSPECIFIED'}")


def _role(message: Any, _name: str) -> CharacterRole | None:
    if message.role == character_pb2.CHARACTER_ROLE_UNSPECIFIED:
        return None
    return CharacterRole[character_pb2.CharacterRole.Name(message.role).removeprefix(ROLE_PREFIX)]


CHARACTER_FIELDS: FieldReaders = {"name": read_required_text, "description": read_optional_text, "role": _role}
CAST_FIELDS: FieldReaders = {"person_id": read_optional_value, "role": _role, "billing_order": read_value}
