"""Etags: names of a record's versions, which guard a write against changes since it was read (AIP-154)."""

from __future__ import annotations

from typing import Protocol

from service.errors import Aborted


class EtagStale(Aborted):
    """The record changed since it was read."""

    def __init__(self) -> None:
        super().__init__("the record changed since this etag was read; read it again and repeat")


class Versioned(Protocol):
    """A row whose `row_version` rises with every change, by trigger."""

    @property
    def id(self) -> int:
        """The row's key."""
        ...

    @property
    def row_version(self) -> int:
        """How often it changed."""
        ...


def etag_of(row: Versioned) -> str:
    """Returns the name of this version of a row."""
    return f"{row.id}-{row.row_version}"


def require_etag(etag: str, row: Versioned) -> None:
    """Raises EtagStale unless the etag names this version of a row, which should be locked, or is empty."""
    if etag and etag != etag_of(row):
        raise EtagStale
