"""What travels between the functions about characters and casts and their callers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from service.catalog.models import Character, CharacterRole, MovieCharacter


@dataclass(frozen=True, slots=True)
class FirstAppearance:
    """Where a new character appears from the start."""

    movie_id: int
    person_id: int | None
    billing_order: int


@dataclass(frozen=True, slots=True)
class NewCharacter:
    """A character and its first appearance, when one was asked for; its movie, character and person are loaded."""

    character: Character
    appearance: MovieCharacter | None


class CharacterChanges(TypedDict, total=False):
    """What staff write of a character; what is absent stays as it is. None is not known."""

    name: str
    description: str | None
    role: CharacterRole | None


class CastChanges(TypedDict, total=False):
    """What staff write of an appearance; what is absent stays as it is."""

    person_id: int | None
    """None for nobody who is known."""
    role: CharacterRole | None
    """None leaves it to the character."""
    billing_order: int
