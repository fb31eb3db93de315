"""Orders of lists: published sort keys (AIP-132), ORDER BY clauses, and keyset conditions.

The id of a row always breaks ties, in the same direction, so that every row has a unique position, and one index serves
both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from service.api.query import Parameters
from service.errors import FieldViolation, InvalidArgument


class OrderByInvalid(InvalidArgument):
    """The order is not one of the published orders."""

    def __init__(self, keys: Iterable[str]) -> None:
        description = "must be one of " + ", ".join(sorted(keys)) + ", each with or without ' desc' after it"
        super().__init__(
            f"order_by: {description}",
            violations=[FieldViolation("order_by", "order_by.published", description)],
        )


def _unchanged(value: Any) -> Any:
    return value


class Encoding(NamedTuple):
    """Conversions of a sort value to JSON, for a page token, and back."""

    to_json: Callable[[Any], Any]
    from_json: Callable[[Any], Any]


UNCHANGED = Encoding(_unchanged, _unchanged)
DATE = Encoding(date.isoformat, date.fromisoformat)
DATETIME = Encoding(datetime.isoformat, datetime.fromisoformat)
DECIMAL = Encoding(str, Decimal)


@dataclass(frozen=True, slots=True)
class SortKey:
    """The SQL expressions that rows are sorted by before their id; none if the id alone decides."""

    columns: tuple[str, ...] = ()
    encoding: Encoding = UNCHANGED
    descending_columns: tuple[str, ...] = ()
    """Expressions for the descending order if they differ: NULL comes last in both, by different substitutes."""
    nullable: bool = False
    """True if the expression can be NULL; a separate statement lists such rows, last in both directions."""
    join: str = ""
    """JOIN clause that the expressions need."""


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key and a direction."""

    name: str
    descending: bool
    key: SortKey = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.name} {'desc' if self.descending else 'asc'}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The expressions of the key in this direction."""
        return (self.key.descending_columns if self.descending else ()) or self.key.columns

    def sql(self, columns: Iterable[str]) -> str:
        """Returns the ORDER BY clause for these expressions; the last one is the id."""
        direction = "DESC" if self.descending else "ASC"
        return "ORDER BY " + ", ".join(f"{column} {direction}" for column in columns)

    def after(self, position: Sequence[Any], columns: Sequence[str], parameters: Parameters) -> str:
        """Returns the keyset condition: rows after a position, which has one JSON value for each expression."""
        *values, row_id = position
        placeholders = [parameters.place(self.key.encoding.from_json(value)) for value in values]
        placeholders.append(parameters.place(row_id))
        return f"({', '.join(columns)}) {'<' if self.descending else '>'} ({', '.join(placeholders)})"

    def position(self, values: Iterable[Any], row_id: int) -> list[Any]:
        """Returns the position of a row as JSON values: its sort values, then its id."""
        return [*map(self.key.encoding.to_json, values), row_id]


class Orders:
    """The orders that a list publishes: its sort keys in both directions."""

    def __init__(self, keys: Mapping[str, SortKey], *, default: str) -> None:
        self.keys = keys
        self._default = default.split()

    def parse(self, order_by: str) -> Order:
        """Reads `key`, `key asc` or `key desc`; an empty text is the default order. Raises OrderByInvalid."""
        match order_by.split() or self._default:
            case [name] if name in self.keys:
                return Order(name, descending=False, key=self.keys[name])
            case [name, "asc" | "desc" as direction] if name in self.keys:
                return Order(name, descending=direction == "desc", key=self.keys[name])
        raise OrderByInvalid(self.keys)
