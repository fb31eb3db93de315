"""Change feed: every creation, update and deletion of a movie or person after a cursor, without gaps.

Triggers record the changes. The feed returns them in the order of transaction ids, and only those of transactions that
are older than every running transaction. A running transaction may still commit changes, and these must not come before
changes that the feed has already returned.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from service.api.pagination import PageTokenInvalid, PageTokens
from service.catalog.errors import CursorExpired, CursorInvalid
from service.database.orm import connection

RETENTION = timedelta(days=30)
"""Time for which changes are stored at least, and for which cursors are valid."""
BINDING = ("catalog changes",)
DEFAULT_SIZE = 100
MAX_SIZE = 1000
NOW = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest_running_xid, now() AS read_at"
# In one snapshot, the transactions below its oldest running one are complete. Read this from the primary only: the
# snapshot of a standby is older than cursors that the primary created.
READ = """
SELECT state.oldest_running_xid, state.read_at, c.xid::text AS xid, c.id, c.entity, c.entity_id, c.kind, c.created_at
FROM ({now}) AS state LEFT JOIN LATERAL (
    SELECT * FROM catalog_changes
    WHERE (xid, id) > ($1::text::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot()) {entity}
    ORDER BY xid, id LIMIT $3
) AS c ON true
ORDER BY c.xid, c.id
"""
READ_ALL = READ.format(now=NOW, entity="")
READ_ENTITY = READ.format(now=NOW, entity="AND entity = $4")


class Entity(enum.StrEnum):
    """Kind of record that changed."""

    MOVIE = "movie"
    PERSON = "person"


class ChangeKind(enum.StrEnum):
    """Kind of change."""

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
    """Some changes, the cursor after them, and whether the feed already has more."""

    changes: Sequence[Change]
    next_cursor: str
    has_more: bool
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """A position in the feed; all changes before it were returned.

    `xid` is a 64-bit transaction id (xid8), which does not wrap around; `id` orders the changes of one transaction.
    """

    xid: int
    id: int
    at: datetime
    """Time of the change before the position; changes of later transactions are not much older."""

    def require_valid(self, *, oldest_running_xid: int, now: datetime) -> None:
        """Raises CursorExpired if changes after this position may have been deleted.

        Also raises it if this database has not reached the transaction id yet: it was restored from a backup, and its
        ids continue from a lower number. Later, when the ids have passed that number, this cannot be detected: after a
        restore, change the key of the cursors.
        """
        if self.at < now - RETENTION or self.xid > oldest_running_xid:
            raise CursorExpired


BEGINNING = Position(0, 0, datetime.max.replace(tzinfo=UTC))
"""Position before the oldest stored change."""


class Cursors:
    """Creates and reads cursors, signed like page tokens. Lists, watches and exports use the same cursors."""

    def __init__(self, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    def make(self, position: Position) -> str:
        """Returns the cursor of a position."""
        values = [position.xid, position.id, int(position.at.timestamp())]
        return self._page_tokens.make(values, binding=BINDING)

    def read(self, cursor: str) -> Position | None:
        """Returns the position of a cursor, None for the empty cursor; raises CursorInvalid."""
        try:
            values = self._page_tokens.read(cursor, binding=BINDING)
        except PageTokenInvalid as error:
            raise CursorInvalid from error
        return Position(values[0], values[1], datetime.fromtimestamp(values[2], UTC)) if values else None


class ChangeFeed:
    """The changes of movies and people."""

    def __init__(self, *, cursors: Cursors) -> None:
        self._cursors = cursors

    async def list_changes(self, *, cursor: str, size: int, entity: Entity | None) -> ChangePage:
        """Returns the changes after a cursor, of one entity or of all; the empty cursor starts with the oldest change.

        Size 0 is the default; a larger size than the maximum is the maximum. Raises CursorInvalid, CursorExpired.
        """
        position = self._cursors.read(cursor) or BEGINNING
        limit = min(size, MAX_SIZE) if size > 0 else DEFAULT_SIZE
        entity_value = [entity.value] if entity else []
        rows = await connection().execute_query_dict(
            READ_ENTITY if entity else READ_ALL, [str(position.xid), position.id, limit + 1, *entity_value]
        )
        oldest_running_xid, read_at = int(rows[0]["oldest_running_xid"]), rows[0]["read_at"]
        position.require_valid(oldest_running_xid=oldest_running_xid, now=read_at)
        changes = [row for row in rows if row["id"] is not None]
        page, has_more = changes[:limit], len(changes) > limit
        end = _position_after(page[-1]) if has_more else Position(oldest_running_xid, 0, read_at)
        return ChangePage([_change(row) for row in page], self._cursors.make(end), has_more, read_at)

    async def make_current_cursor(self) -> str:
        """Returns the cursor before all changes that the feed does not return yet, at the current snapshot.

        The snapshot contains every change that the feed has returned, so a reader of both misses nothing.
        """
        (row,) = await connection().execute_query_dict(NOW)
        return self._cursors.make(Position(int(row["oldest_running_xid"]), 0, row["read_at"]))


def _position_after(row: Mapping[str, Any]) -> Position:
    return Position(int(row["xid"]), row["id"], row["created_at"])


def _change(row: Mapping[str, Any]) -> Change:
    return Change(Entity(row["entity"]), row["entity_id"], ChangeKind(row["kind"]), row["created_at"])
