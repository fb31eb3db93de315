"""Orders of the movie list: the published keys, and the indexed query of one page's ids for each.

A page is found by row comparison against the last row of the page before. Rows without a value come last in both
directions, as a second run over the same index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from service.catalog.errors import OrderByInvalid
from service.db import connection

DEFAULT_ORDER = "popularity desc"


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column of `movies` to sort by."""

    column: str
    nullable: bool = False
    to_json: Callable[[Any], Any] = _same
    from_json: Callable[[Any], Any] = _same


SORT_KEYS = {
    "popularity": SortKey("popularity"),
    "title": SortKey("title"),
    "release_date": SortKey("release_date", nullable=True, to_json=date.isoformat, from_json=date.fromisoformat),
    "create_time": SortKey("created_at", to_json=datetime.isoformat, from_json=datetime.fromisoformat),
    "id": SortKey("id"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key and a direction; id breaks ties in the same direction."""

    name: str
    descending: bool

    @classmethod
    def parse(cls, order_by: str) -> Order:
        """Reads `key` or `key desc`; the empty string is the default. Raises OrderByInvalid."""
        match order_by.split() or DEFAULT_ORDER.split():
            case [name] if name in SORT_KEYS:
                return cls(name, descending=False)
            case [name, "asc" | "desc" as direction] if name in SORT_KEYS:
                return cls(name, descending=direction == "desc")
        raise OrderByInvalid(SORT_KEYS)

    def __str__(self) -> str:
        return f"{self.name} {'desc' if self.descending else 'asc'}"

    async def ids_after(self, position: Sequence[Any] | None, *, limit: int) -> list[tuple[int, list[Any]]]:
        """Returns up to `limit` movie ids after a position, each with its own position.

        A position is [sort value as JSON, id]; the value is None in the run of rows without one.
        """
        rows: list[tuple[int, list[Any]]] = []
        if position is None or position[0] is not None:
            rows = await self._run(position, limit, nulls=False)
            position = None
        if SORT_KEYS[self.name].nullable and len(rows) < limit:
            rows += await self._run(position, limit - len(rows), nulls=True)
        return rows

    async def _run(self, position: Sequence[Any] | None, limit: int, *, nulls: bool) -> list[tuple[int, list[Any]]]:
        key = SORT_KEYS[self.name]
        conditions, values = [], []
        if key.nullable:
            conditions.append(f"{key.column} IS {'' if nulls else 'NOT '}NULL")
        if position is not None:
            comparison = "<" if self.descending else ">"
            if nulls:
                conditions.append(f"id {comparison} $1")
                values = [position[1]]
            else:
                conditions.append(f"({key.column}, id) {comparison} ($1, $2)")
                values = [key.from_json(position[0]), position[1]]
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = await connection().execute_query_dict(
            # Every part of the statement is from this file; the values travel apart.
            f"SELECT id, {key.column} AS value FROM movies {where}"  # noqa: S608
            f" ORDER BY {self._sql_order(key, nulls=nulls)} LIMIT {limit:d}",
            values,
        )
        return [(row["id"], [None if row["value"] is None else key.to_json(row["value"]), row["id"]]) for row in rows]

    def _sql_order(self, key: SortKey, *, nulls: bool) -> str:
        direction = "DESC" if self.descending else "ASC"
        if nulls or key.column == "id":
            return f"id {direction}"
        last = " NULLS LAST" if key.nullable and self.descending else ""
        return f"{key.column} {direction}{last}, id {direction}"
