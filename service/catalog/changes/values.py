"""What travels between the change feed and its callers."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.catalog.service import MovieDetail


class Entity(enum.StrEnum):
    """What changed."""

    MOVIE = "movie"
    PERSON = "person"


class ChangeKind(enum.StrEnum):
    """How it changed."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a movie or a person."""

    entity: Entity
    entity_id: int
    kind: ChangeKind
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes, the cursor behind them, and whether more are there already."""

    changes: Sequence[Change]
    next_cursor: str
    has_more: bool
    read_at: datetime


@dataclass(frozen=True, slots=True)
class ExportedMovies:
    """Some movies of a snapshot, by id, and the cursor of its moment."""

    movies: Sequence[MovieDetail]
    cursor: str
