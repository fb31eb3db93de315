"""Orders of a user's lists: the published keys, and the condition for the rows after a position.

A movie without a value comes last in both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from service.favorites.errors import OrderByInvalid

MOVIE = "JOIN movies AS m ON m.id = l.movie_id"
MY_RATING = "LEFT JOIN movie_ratings AS r ON r.user_id = l.user_id AND r.movie_id = l.movie_id"


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class SortKey:
    """SQL that sorts the rows `l` before their id, per direction, and the JSON form of its values in page tokens."""

    ascending: str = ""
    """Empty to sort by id only."""
    descending: str = ""
    join: str = ""
    to_json: Callable[[Any], Any] = _same
    from_json: Callable[[Any], Any] = _same


SORT_KEYS = {
    # Ids increase in the order of creation.
    "create_time": SortKey(),
    "update_time": SortKey("l.updated_at", "l.updated_at", "", datetime.isoformat, datetime.fromisoformat),
    "title": SortKey("m.title", "m.title", MOVIE),
    "release_date": SortKey(
        # asyncpg reads and writes the two infinities as Python's last and first date.
        "coalesce(m.release_date, 'infinity')",
        "coalesce(m.release_date, '-infinity')",
        MOVIE,
        date.isoformat,
        date.fromisoformat,
    ),
    "popularity": SortKey("m.popularity", "m.popularity", MOVIE),
    "my_rating": SortKey("coalesce(r.rating, 6)", "coalesce(r.rating, 0)", MY_RATING),
    "rating": SortKey("l.rating", "l.rating"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key and a direction; id breaks ties in the same direction."""

    name: str
    descending: bool

    @classmethod
    def parse(cls, order_by: str, *, keys: Collection[str]) -> Order:
        """Parses `key` or `key desc`; the empty string means newest first. Raises OrderByInvalid."""
        match order_by.split() or ["create_time", "desc"]:
            case [name] if name in keys:
                return cls(name, descending=False)
            case [name, "asc" | "desc" as direction] if name in keys:
                return cls(name, descending=direction == "desc")
        raise OrderByInvalid(keys)

    @property
    def key(self) -> SortKey:
        """The sort key."""
        return SORT_KEYS[self.name]

    @property
    def columns(self) -> tuple[str, ...]:
        """The expressions that together give each row a unique position."""
        value = self.key.descending if self.descending else self.key.ascending
        return (value, "l.id") if value else ("l.id",)

    @property
    def sql(self) -> str:
        """ORDER BY clause with all columns in one direction, so that one index serves both directions."""
        direction = "DESC" if self.descending else "ASC"
        return "ORDER BY " + ", ".join(f"{column} {direction}" for column in self.columns)

    def after(self, position: Sequence[Any], place: Callable[[Any], str]) -> str:
        """Returns the condition for rows after a position; `place` adds a parameter and returns its placeholder."""
        values = [self.key.from_json(position[0]), *position[1:]] if len(self.columns) > 1 else position
        places = ", ".join(place(value) for value in values)
        return f"({', '.join(self.columns)}) {'<' if self.descending else '>'} ({places})"

    def position(self, row: Mapping[str, Any]) -> list[Any]:
        """Returns the position of a row, as JSON values."""
        return [self.key.to_json(row["sort_value"]), row["id"]] if len(self.columns) > 1 else [row["id"]]
