"""Orders of the movie list: the published keys, and how a page begins after a position in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from service.catalog.errors import OrderByInvalid
from service.catalog.movies.conditions import Parameters

DEFAULT_ORDER = "popularity desc"


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class SortKey:
    """A value to sort movies by, on `movies AS m` unless it is kept elsewhere."""

    column: str
    nullable: bool = False
    to_json: Callable[[Any], Any] = _same
    from_json: Callable[[Any], Any] = _same


SORT_KEYS = {
    "popularity": SortKey("m.popularity"),
    "vote_average": SortKey("m.vote_average"),
    "rating": SortKey("s.rating_average", nullable=True, to_json=str, from_json=Decimal),
    "release_date": SortKey("m.release_date", nullable=True, to_json=date.isoformat, from_json=date.fromisoformat),
    "title": SortKey("m.title"),
    "create_time": SortKey("m.created_at", to_json=datetime.isoformat, from_json=datetime.fromisoformat),
    "update_time": SortKey("m.updated_at", to_json=datetime.isoformat, from_json=datetime.fromisoformat),
    "revenue": SortKey("m.revenue", nullable=True, to_json=str, from_json=Decimal),
    "id": SortKey("m.id"),
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

    @property
    def key(self) -> SortKey:
        """The value to sort by."""
        return SORT_KEYS[self.name]

    def sql(self, *columns: str) -> str:
        """Returns ORDER BY some columns, all of them in this direction: one index serves both."""
        direction = "DESC" if self.descending else "ASC"
        return "ORDER BY " + ", ".join(f"{column} {direction}" for column in columns)

    def after(self, position: Sequence[Any], columns: Sequence[str], parameters: Parameters) -> str:
        """Returns the condition for rows behind a position: its last values, one for each of the columns."""
        places = ", ".join(parameters.place(value) for value in position)
        return f"({', '.join(columns)}) {'<' if self.descending else '>'} ({places})"
