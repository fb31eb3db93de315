"""The change feed: what was created, changed or deleted since a cursor, with nothing left out.

Triggers note the changes. They are told in the order of the transactions that made them, and only those of
transactions older than any that is under way: what such a transaction will still commit has no place before them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.catalog.changes.cursors import BEGINNING, Cursors, Position
from service.catalog.changes.values import Change, ChangeKind, ChangePage, Entity
from service.database.orm import connection

DEFAULT_SIZE = 100
MAX_SIZE = 1000
NOW = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS below, now() AS read_at"
# One statement, one snapshot: what is below its oldest transaction under way is complete within it. To be asked of
# the primary alone: a standby's snapshot lags behind cursors that were made there.
READ = """
SELECT moment.below, moment.read_at, c.xid::text AS xid, c.id, c.entity, c.entity_id, c.kind, c.created_at
FROM ({now}) AS moment LEFT JOIN LATERAL (
    SELECT * FROM catalog_changes
    WHERE (xid, id) > ($1::text::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot()) {entity}
    ORDER BY xid, id LIMIT $3
) AS c ON true
ORDER BY c.xid, c.id
"""
READ_ALL = READ.format(now=NOW, entity="")
READ_ENTITY = READ.format(now=NOW, entity="AND entity = $4")


class ChangeFeed:
    """The changes of movies and people."""

    def __init__(self, *, cursors: Cursors) -> None:
        self._cursors = cursors

    async def list_changes(self, *, cursor: str, size: int, entity: Entity | None) -> ChangePage:
        """Returns the changes after a cursor, of one entity or of all; the empty cursor begins with the oldest kept.

        Size 0 is the default, too large is coerced. Raises CursorInvalid, CursorExpired.
        """
        position = self._cursors.read(cursor) or BEGINNING
        limit = min(size, MAX_SIZE) if size > 0 else DEFAULT_SIZE
        of_entity = [entity.value] if entity else []
        rows = await connection().execute_query_dict(
            READ_ENTITY if entity else READ_ALL, [str(position.xid), position.id, limit + 1, *of_entity]
        )
        below, read_at = int(rows[0]["below"]), rows[0]["read_at"]
        position.require_kept(below=below, now=read_at)
        changes = [row for row in rows if row["id"] is not None]
        page, has_more = changes[:limit], len(changes) > limit
        behind = _behind(page[-1]) if has_more else _present(below, read_at)
        return ChangePage([_change(row) for row in page], self._cursors.make(behind), has_more, read_at)

    async def cursor_of_now(self) -> str:
        """Returns the cursor before everything that the feed has not told by now, or by the current snapshot.

        What it has told is seen by this snapshot, so that nothing lies between the two.
        """
        (row,) = await connection().execute_query_dict(NOW)
        return self._cursors.make(_present(int(row["below"]), row["read_at"]))


def _present(below: int, read_at: datetime) -> Position:
    return Position(below, 0, read_at)


def _behind(row: Mapping[str, Any]) -> Position:
    return Position(int(row["xid"]), row["id"], row["created_at"])


def _change(row: Mapping[str, Any]) -> Change:
    return Change(Entity(row["entity"]), row["entity_id"], ChangeKind(row["kind"]), row["created_at"])
