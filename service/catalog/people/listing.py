"""Pages of the ids of people: the published orders, and an indexed keyset query.

An unknown date of birth comes last in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.api.ordering import DATE, DATETIME, Order, Orders, SortKey
from service.api.query import Parameters
from service.catalog.models import Gender
from service.database.orm import fetch

ORDERS = Orders(
    {
        "name": SortKey(("last_name", "first_name")),
        "date_of_birth": SortKey(
            # asyncpg reads and writes the two infinities as Python's last and first date.
            ("coalesce(date_of_birth, 'infinity')",),
            DATE,
            descending_columns=("coalesce(date_of_birth, '-infinity')",),
        ),
        "create_time": SortKey(("created_at",), DATETIME),
        "update_time": SortKey(("updated_at",), DATETIME),
        "id": SortKey(),
    },
    default="name",
)


@dataclass(frozen=True, slots=True)
class PersonFilter:
    """Conditions for the people to list; None means no condition."""

    country_id: int | None = None
    gender: Gender | None = None
    has_photo: bool | None = None


async def list_ids(
    filter_: PersonFilter, order: Order, *, after: Sequence[Any] | None, limit: int
) -> list[tuple[int, list[Any]]]:
    """Returns up to `limit` ids of matching people, each with its position."""
    statement, values = page_query(filter_, order, after=after, limit=limit)
    keys = [f"key_{number}" for number in range(len(order.columns))]
    rows = await fetch(statement, *values)
    return [(row["id"], order.position([row[key] for key in keys], row["id"])) for row in rows]


def page_query(
    filter_: PersonFilter, order: Order, *, after: Sequence[Any] | None, limit: int
) -> tuple[str, list[Any]]:
    """Returns the statement of a page of ids, and its values."""
    parameters, columns = Parameters(), (*order.columns, "id")
    conditions = _conditions(filter_, parameters)
    if after is not None:
        conditions.append(order.after(after, columns, parameters))
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    selected = "".join(f", {column} AS key_{number}" for number, column in enumerate(order.columns))
    # The statement consists of constants of this module; values are parameters.
    statement = f"SELECT id{selected} FROM persons {where} {order.sql(columns)} LIMIT {limit:d}"  # noqa: S608
    return statement, parameters.values


def _conditions(filter_: PersonFilter, parameters: Parameters) -> list[str]:
    conditions: list[str] = []
    if filter_.country_id is not None:
        conditions.append(f"country_id = {parameters.place(filter_.country_id)}")
    if filter_.gender is not None:
        conditions.append(f"gender = {parameters.place(filter_.gender.value)}")
    if filter_.has_photo is not None:
        conditions.append(f"primary_photo_id IS {'NOT ' if filter_.has_photo else ''}NULL")
    return conditions
