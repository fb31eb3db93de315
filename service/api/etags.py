"""Etags: identify a version of a record, so that a write can detect concurrent changes (AIP-154)."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from tortoise import Model
from tortoise.queryset import QuerySet

from service.errors import Aborted, NotFound

R = TypeVar("R", bound=Model)


class EtagStale(Aborted):
    """The record changed after the caller read it."""

    def __init__(self) -> None:
        super().__init__("the record changed after this etag was read; read it again and repeat")


class Versioned(Protocol):
    """A row with a `row_version`, which a trigger increases at every change."""

    @property
    def id(self) -> int:
        """The row's key."""
        ...

    @property
    def row_version(self) -> int:
        """Number of the row's version."""
        ...


def etag_of(row: Versioned) -> str:
    """Returns the etag of this version of a row."""
    return f"{row.id}-{row.row_version}"


def require_etag(etag: str, row: Versioned) -> None:
    """Raises EtagStale if the etag is not empty and names another version. The caller should have locked the row."""
    if etag and etag != etag_of(row):
        raise EtagStale


async def lock_row(rows: QuerySet[R], *, etag: str, not_found: NotFound, to_delete: bool = False) -> R:
    """Returns the only row of a query, locked against other writers; raises `not_found`, EtagStale.

    Unless the row is locked to delete it, other transactions can still insert rows that refer to it.
    """
    row: Any = await rows.select_for_update(no_key=not to_delete).first()
    if row is None:
        raise not_found
    require_etag(etag, row)
    return row  # type: ignore[no-any-return] # a row of the query
