"""Orders of the list of people: the published keys, and the query of one page's ids for each.

A page is found by row comparison against the last row of the page before. An unknown date of birth stands behind
every other, whichever way the list goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from service.catalog.errors import OrderByInvalid
from service.catalog.people.values import PersonFilter
from service.database.orm import connection

DEFAULT_ORDER = "name"


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class SortKey:
    """What to sort by, upwards and downwards, ahead of the id; and how its values travel in a token."""

    ascending: tuple[str, ...]
    descending: tuple[str, ...]
    to_json: Callable[[Any], Any] = _same
    from_json: Callable[[Any], Any] = _same


SORT_KEYS = {
    "name": SortKey(("last_name", "first_name"), ("last_name", "first_name")),
    "date_of_birth": SortKey(
        # asyncpg reads and writes the two infinities as Python's last and first date.
        ("coalesce(date_of_birth, 'infinity')",),
        ("coalesce(date_of_birth, '-infinity')",),
        date.isoformat,
        date.fromisoformat,
    ),
    "create_time": SortKey(("created_at",), ("created_at",), datetime.isoformat, datetime.fromisoformat),
    "update_time": SortKey(("updated_at",), ("updated_at",), datetime.isoformat, datetime.fromisoformat),
    "id": SortKey((), ()),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key and a direction; id breaks ties in the same direction."""

    name: str
    descending: bool

    @classmethod
    def parse(cls, order_by: str) -> Order:
        """Reads `key` or `key desc`; the empty string is the default. Raises OrderByInvalid."""
        match order_by.split() or [DEFAULT_ORDER]:
            case [name] if name in SORT_KEYS:
                return cls(name, descending=False)
            case [name, "asc" | "desc" as direction] if name in SORT_KEYS:
                return cls(name, descending=direction == "desc")
        raise OrderByInvalid(SORT_KEYS)

    def __str__(self) -> str:
        return f"{self.name} {'desc' if self.descending else 'asc'}"

    @property
    def columns(self) -> tuple[str, ...]:
        """What to sort by in this direction, ahead of the id."""
        key = SORT_KEYS[self.name]
        return key.descending if self.descending else key.ascending

    async def ids_after(
        self, position: Sequence[Any] | None, *, wanted: PersonFilter, limit: int
    ) -> list[tuple[int, list[Any]]]:
        """Returns up to `limit` ids of people that a filter admits after a position, each with its own position.

        A position is the sort values as JSON, then the id.
        """
        statement, values = self.page_query(position, wanted=wanted, limit=limit)
        rows = await connection().execute_query_dict(statement, values)
        to_json = SORT_KEYS[self.name].to_json
        return [
            (row["id"], [*(to_json(row[f"key_{number}"]) for number in range(len(self.columns))), row["id"]])
            for row in rows
        ]

    def page_query(self, position: Sequence[Any] | None, *, wanted: PersonFilter, limit: int) -> tuple[str, list[Any]]:
        """Returns the statement of a page's ids, and its values."""
        columns = self.columns
        conditions, values = _conditions(wanted)
        if position is not None:
            values += [*map(SORT_KEYS[self.name].from_json, position[:-1]), position[-1]]
            places = ", ".join(f"${number}" for number in range(len(values) - len(columns), len(values) + 1))
            conditions.append(f"({', '.join([*columns, 'id'])}) {'<' if self.descending else '>'} ({places})")
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        direction = " DESC" if self.descending else ""
        # Every part of the statement is from this file; the values travel apart.
        statement = (
            f"SELECT id, {''.join(f'{column} AS key_{number}, ' for number, column in enumerate(columns))}1"  # noqa: S608
            f" FROM persons {where} ORDER BY {', '.join(f'{column}{direction}' for column in [*columns, 'id'])}"
            f" LIMIT {limit:d}"
        )
        return statement, values


def _conditions(wanted: PersonFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if wanted.country_id is not None:
        values.append(wanted.country_id)
        conditions.append(f"country_id = ${len(values)}")
    if wanted.gender is not None:
        values.append(wanted.gender.value)
        conditions.append(f"gender = ${len(values)}")
    if wanted.has_photo is not None:
        conditions.append(f"primary_photo_id IS {'NOT ' if wanted.has_photo else ''}NULL")
    return conditions, values
