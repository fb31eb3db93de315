"""Cursors: places in the change feed, as callers keep them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.api.pagination import PageTokenInvalid, PageTokens
from service.catalog.errors import CursorExpired, CursorInvalid

RETENTION = timedelta(days=30)
"""How long changes are kept at least, and cursors are good for."""
BINDING = ("catalog changes",)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the feed: before it, everything has been told.

    `xid` is a 64-bit transaction id (xid8), which does not wrap around; `id` orders the changes of one transaction.
    """

    xid: int
    id: int
    at: datetime
    """When the change before it was made; changes of later transactions are not much older."""

    def require_kept(self, *, below: int, now: datetime) -> None:
        """Raises CursorExpired when changes behind this place may be gone; `below` is the oldest id under way.

        Also when the transaction is none of this database's past: it was restored, and counts from a lower number.
        Where it has counted beyond since, that cannot be told: a restore calls for a new key of cursors.
        """
        if self.at < now - RETENTION or self.xid > below:
            raise CursorExpired


BEGINNING = Position(0, 0, datetime.max.replace(tzinfo=UTC))
"""Before the oldest change that is kept."""


class Cursors:
    """Makes and reads cursors, signed as page tokens are; one serves for lists, watches and after exports."""

    def __init__(self, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    def make(self, position: Position) -> str:
        """Returns the cursor of a place."""
        place = [position.xid, position.id, int(position.at.timestamp())]
        return self._page_tokens.make(place, binding=BINDING)

    def read(self, cursor: str) -> Position | None:
        """Returns the place that a cursor names, None for the empty one; raises CursorInvalid."""
        try:
            place = self._page_tokens.read(cursor, binding=BINDING)
        except PageTokenInvalid as error:
            raise CursorInvalid from error
        return Position(place[0], place[1], datetime.fromtimestamp(place[2], UTC)) if place else None
