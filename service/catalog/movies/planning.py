"""Statements whose best plan hangs on their values: planned anew each time, by what rows cost in memory.

A kept plan is made for no value in particular: it would look for a rare genre or an unusual length along a whole
order. And by PostgreSQL's usual costs, which are a disk's, it follows an order past thousands of rows rather than
fetch a few hundred that fit and sort them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from service.catalog.movies.conditions import Comparison, Condition
from service.database.orm import fetch, transaction

# A page of rows is a tenth of what it is on a disk that reads in order; and a list is not worth several processes.
SETTINGS = {
    "plan_cache_mode": "force_custom_plan",
    "seq_page_cost": "0.1",
    "random_page_cost": "0.1",
    "max_parallel_workers_per_gather": "0",
}
PLAN = "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in SETTINGS.items())

NAMED = {
    "country": ("country", "SELECT id FROM countries WHERE iso_3166_1 = $1"),
    "genre": ("genre_id", "SELECT id FROM genres WHERE lower(name) = lower($1)"),
}
"""What is asked for by a name: the field that takes its id, and where the id stands."""
UNKNOWN = 0


@asynccontextmanager
async def planned_by_values() -> AsyncIterator[None]:
    """Plans what runs inside for its values; in a transaction, which ends the settings."""
    async with transaction():
        await fetch(PLAN)
        yield


async def with_ids(conditions: Sequence[Condition]) -> list[Condition]:
    """Returns the conditions with countries and genres by their ids; one that does not exist is UNKNOWN.

    How many movies a name admits, PostgreSQL cannot tell: for one without any it would read a whole order.
    """
    return [await _with_id(condition) for condition in conditions]


async def _with_id(condition: Condition) -> Condition:
    if not (isinstance(condition, Comparison) and condition.operator == "=" and condition.field in NAMED):
        return condition
    field, statement = NAMED[condition.field]
    rows = await fetch(statement, condition.value)
    return replace(condition, field=field, value=rows[0]["id"] if rows else UNKNOWN)
