"""Pages of movie ids: the published orders, and an indexed keyset query narrowed by conditions.

Rows without a sort value come last in both directions. A second statement reads them, only for a page that the first
one does not fill.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from service.api.ordering import DATE, DATETIME, DECIMAL, Order, Orders, SortKey
from service.api.query import Parameters
from service.catalog.movies.conditions import Comparison, Condition, condition_sql, genre_sql
from service.database.orm import fetch, transaction

Position = Sequence[Any]
"""[sort value as JSON, id]; the value is None for rows without one."""
ORDERS = Orders(
    {
        "popularity": SortKey(("m.popularity",)),
        "vote_average": SortKey(("m.vote_average",)),
        "rating": SortKey(("s.rating_average",), DECIMAL, nullable=True),
        "release_date": SortKey(("m.release_date",), DATE, nullable=True),
        "title": SortKey(("m.title",)),
        "create_time": SortKey(("m.created_at",), DATETIME),
        "update_time": SortKey(("m.updated_at",), DATETIME),
        "revenue": SortKey(("m.revenue",), DECIMAL, nullable=True),
        "id": SortKey(("m.id",)),
    },
    default="popularity desc",
)
MOVIES = "movies AS m"
GENRE_KEYS = {"popularity", "vote_average", "release_date"}
"""Orders whose values movie_genres repeats, so that an index has the movies of a genre in this order."""
YEAR_KEYS = {"popularity", "vote_average"}
"""Orders for which an index has the movies of a year, in addition to the order of release dates."""
POPULAR = {"country", "language"}
"""Fields for which an index has the movies of a value by popularity."""
NARROW = {"id", "tmdb_id", "imdb_id", "director_id", "person_id", "character_id"}
"""Fields of which every value has few movies: any plan starts with these."""
# PostgreSQL's default costs are those of a disk: with them it reads thousands of rows in order instead of sorting a few
# hundred matching rows. A cached plan has the same fault for rare values. A list is too short for parallel workers.
PLANNER_SETTINGS = {
    "plan_cache_mode": "force_custom_plan",
    "seq_page_cost": "0.1",
    "random_page_cost": "0.1",
    "max_parallel_workers_per_gather": "0",
}
PLAN = "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in PLANNER_SETTINGS.items())
NAMED = {
    "country": ("country", "SELECT id FROM countries WHERE iso_3166_1 = $1"),
    "genre": ("genre_id", "SELECT id FROM genres WHERE lower(name) = lower($1)"),
}
"""Fields that are compared with a name: the field for the id, and the statement that finds the id."""
UNKNOWN_ID = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Tables that a statement reads from, in the order of an index."""

    tables: str
    id: str
    value: str
    conditions: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    """The columns to sort by, if they are not value and id."""
    in_order: bool = True
    """False if no index of the order has the movies that fulfil the conditions."""


@asynccontextmanager
async def planned_by_values() -> AsyncIterator[None]:
    """Gives a transaction in which PostgreSQL plans each statement for its values and for data in memory."""
    async with transaction():
        await fetch(PLAN)
        yield


async def with_ids(conditions: Sequence[Condition]) -> list[Condition]:
    """Returns the conditions with the ids of countries and genres instead of names; UNKNOWN_ID for an unknown name.

    PostgreSQL cannot estimate the number of movies for a name: for a name without movies it would read a whole order.
    """
    return [await _with_id(condition) for condition in conditions]


async def _with_id(condition: Condition) -> Condition:
    if not (isinstance(condition, Comparison) and condition.operator == "=" and condition.field in NAMED):
        return condition
    field, statement = NAMED[condition.field]
    rows = await fetch(statement, condition.value)
    return replace(condition, field=field, value=rows[0]["id"] if rows else UNKNOWN_ID)


async def list_ids(
    conditions: Sequence[Condition], order: Order, *, after: Position | None, limit: int
) -> list[tuple[int, Position]]:
    """Returns up to `limit` ids of movies that fulfil every condition, each with its position."""
    if depends_on_values(conditions, order):
        async with planned_by_values():
            return await _list(await with_ids(conditions), order, after=after, limit=limit)
    return await _list(conditions, order, after=after, limit=limit)


def depends_on_values(conditions: Sequence[Condition], order: Order) -> bool:
    """Returns whether the best plan depends on the values: no index has the matching movies in the requested order."""
    source, rest = _source(conditions, order, Parameters(), nulls=False)
    fields = [condition.field for condition in rest if isinstance(condition, Comparison) and condition.operator == "="]
    if (source.in_order and not rest) or NARROW.intersection(fields):
        return False
    is_year_of_dates = order.name == "release_date" and fields == ["year"]
    is_popular = order.name == "popularity" and len(fields) == 1 and fields[0] in POPULAR
    return len(conditions) > 1 or not (is_year_of_dates or is_popular)


async def _list(
    conditions: Sequence[Condition], order: Order, *, after: Position | None, limit: int
) -> list[tuple[int, Position]]:
    rows: list[tuple[int, Position]] = []
    if after is None or after[0] is not None:
        rows = await _run(conditions, order, after=after, limit=limit, nulls=False)
        after = None
    if order.key.nullable and len(rows) < limit:
        rows += await _run(conditions, order, after=after, limit=limit - len(rows), nulls=True)
    return rows


async def _run(
    conditions: Sequence[Condition], order: Order, *, after: Position | None, limit: int, nulls: bool
) -> list[tuple[int, Position]]:
    statement, values = page_query(conditions, order, after=after, limit=limit, nulls=nulls)
    rows = await fetch(statement, *values)
    to_json = order.key.encoding.to_json
    return [(row["id"], [None if nulls else to_json(row["value"]), row["id"]]) for row in rows]


def page_query(
    conditions: Sequence[Condition], order: Order, *, after: Position | None, limit: int, nulls: bool = False
) -> tuple[str, list[Any]]:
    """Returns the statement of a page of ids, and its values."""
    parameters = Parameters()
    source, rest = _source(conditions, order, parameters, nulls=nulls)
    clauses = [*source.conditions, *(condition_sql(condition, parameters) for condition in rest)]
    if after is not None:
        by_id_only = nulls or source.id == source.value
        position, columns = (after[1:], (source.id,)) if by_id_only else (after, (source.value, source.id))
        clauses.append(order.after(position, columns, parameters))
    where = f"WHERE {' AND '.join(clauses)} " if clauses else ""
    # The statement consists of constants of this package; values are parameters.
    statement = (
        f"SELECT {source.id} AS id, {source.value} AS value FROM {source.tables} {where}"  # noqa: S608
        f"{order.sql(source.sort or (source.value, source.id))} LIMIT {limit:d}"
    )
    return statement, parameters.values


def _source(
    conditions: Sequence[Condition], order: Order, parameters: Parameters, *, nulls: bool
) -> tuple[Source, Sequence[Condition]]:
    """Returns the source for an order, and the conditions that the source does not include."""
    compared = [condition for condition in conditions if isinstance(condition, Comparison)]
    genre = next((condition for condition in compared if _is_one_genre(condition)), None)
    year = next((condition for condition in compared if (condition.field, condition.operator) == ("year", "=")), None)
    rest = [condition for condition in conditions if condition not in (genre, year)]
    if genre is not None and order.name in GENRE_KEYS:
        return _in_genre(genre, year, order, parameters, joined=bool(rest), nulls=nulls), rest
    if year is not None and order.name in YEAR_KEYS:
        released = f"extract(year FROM m.release_date) = {parameters.place(year.value)}"
        return Source(MOVIES, "m.id", order.columns[0], (released,)), _without(conditions, year)
    source = (
        _rated(conditions, nulls=nulls)
        if order.name == "rating"
        else Source(MOVIES, "m.id", order.columns[0], _has_value(order, order.columns[0], nulls=nulls))
    )
    if genre is None or year is None:
        return source, conditions
    return replace(source, conditions=(*source.conditions, _both(genre, year, parameters)), in_order=False), rest


def _without(conditions: Sequence[Condition], included: Condition) -> Sequence[Condition]:
    return [condition for condition in conditions if condition != included]


def _both(genre: Comparison, year: Comparison, parameters: Parameters) -> str:
    # In one EXISTS, so that the index of both columns is used.
    named = f"d.genre_id {genre_sql(genre.field, genre.value, parameters)}"
    released = f"d.release_year = {parameters.place(year.value)}"
    return f"EXISTS (SELECT FROM movie_genres AS d WHERE d.movie_id = m.id AND {named} AND {released})"


def _has_value(order: Order, column: str, *, nulls: bool) -> tuple[str, ...]:
    return (f"{column} IS {'' if nulls else 'NOT '}NULL",) if order.key.nullable else ()


def _rated(conditions: Sequence[Condition], *, nulls: bool) -> Source:
    if nulls:
        # A subquery per movie from the position on: an anti-join would read every rating before the position.
        unrated = "(SELECT s.rating_average FROM movie_stats AS s WHERE s.movie_id = m.id) IS NULL"
        return Source(MOVIES, "m.id", "NULL", (unrated,), ("m.id",))
    joined = " JOIN movies AS m ON m.id = s.movie_id" if conditions else ""
    return Source(f"movie_stats AS s{joined}", "s.movie_id", "s.rating_average", ("s.rating_average IS NOT NULL",))


def _is_one_genre(condition: Comparison) -> bool:
    return (
        condition.field in {"genre", "genre_id"}
        and condition.operator == "="
        and not isinstance(condition.value, tuple)
    )


def _in_genre(
    genre: Comparison, year: Comparison | None, order: Order, parameters: Parameters, *, joined: bool, nulls: bool
) -> Source:
    # movie_genres repeats the sort values: an index has the movies of a genre, or of a genre and year, in order.
    movies = " JOIN movies AS m ON m.id = d.movie_id" if joined else ""
    clauses = [f"d.genre_id {genre_sql(genre.field, genre.value, parameters)}"]
    if year is not None and order.name == "release_date":
        days = [parameters.place(date(year.value, *day)) for day in ((1, 1), (12, 31))]
        clauses.append(f"d.release_date BETWEEN {days[0]} AND {days[1]}")
    elif year is not None:
        clauses.append(f"d.release_year = {parameters.place(year.value)}")
    column = f"d.{order.name}"
    return Source(
        f"movie_genres AS d{movies}", "d.movie_id", column, (*clauses, *_has_value(order, column, nulls=nulls))
    )
