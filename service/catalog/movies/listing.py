"""One page of movie ids: an indexed query by keyset, narrowed by conditions.

Rows without a sort value come last in both directions: they are a second run over the same index, asked for only by
a page that the first run does not fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.catalog.movies.conditions import Comparison, Condition, Parameters
from service.catalog.movies.fields import condition_sql, genre_sql
from service.catalog.movies.ordering import Order
from service.db import fetch

Position = Sequence[Any]
"""[sort value as JSON, id]; the value is None in the run of rows without one."""
MOVIES = "movies AS m"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a run's rows come from, in the order of an index of theirs."""

    tables: str
    id: str
    value: str
    conditions: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    """The columns of the order, when they are not value and id."""


async def list_ids(
    conditions: Sequence[Condition], order: Order, *, after: Position | None, limit: int
) -> list[tuple[int, Position]]:
    """Returns up to `limit` ids of movies that fulfil every condition, each with its position."""
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
    to_json = order.key.to_json
    return [(row["id"], [None if nulls else to_json(row["value"]), row["id"]]) for row in rows]


def page_query(
    conditions: Sequence[Condition], order: Order, *, after: Position | None, limit: int, nulls: bool = False
) -> tuple[str, list[Any]]:
    """Returns the statement of a page's ids, and its values."""
    parameters = Parameters()
    source, rest = _source(conditions, order, parameters, nulls=nulls)
    wanted = [*source.conditions, *(condition_sql(condition, parameters) for condition in rest)]
    if after is not None:
        position = [after[1]] if nulls or source.id == source.value else [order.key.from_json(after[0]), after[1]]
        columns = [source.value, source.id][-len(position) :]
        wanted.append(order.after(position, columns, parameters))
    where = f"WHERE {' AND '.join(wanted)} " if wanted else ""
    # Every part of the statement is written in this folder; the values travel apart.
    statement = (
        f"SELECT {source.id} AS id, {source.value} AS value FROM {source.tables} {where}"  # noqa: S608
        f"{order.sql(*(source.sort or (source.value, source.id)))} LIMIT {limit:d}"
    )
    return statement, parameters.values


def _source(
    conditions: Sequence[Condition], order: Order, parameters: Parameters, *, nulls: bool
) -> tuple[Source, Sequence[Condition]]:
    """Returns the source that an order reads from, and the conditions that it does not see to itself."""
    if order.name == "rating":
        return _rated(conditions, nulls=nulls), conditions
    if order.name == "popularity":
        return _popular(conditions, parameters)
    column = order.key.column
    if not order.key.nullable:
        return Source(MOVIES, "m.id", column), conditions
    return Source(MOVIES, "m.id", column, (f"{column} IS {'' if nulls else 'NOT '}NULL",)), conditions


def _rated(conditions: Sequence[Condition], *, nulls: bool) -> Source:
    if nulls:
        # One look-up a movie from the position on; as an anti-join it would read every rating before the position.
        unrated = "(SELECT s.rating_average FROM movie_stats AS s WHERE s.movie_id = m.id) IS NULL"
        return Source(MOVIES, "m.id", "NULL", (unrated,), ("m.id",))
    joined = " JOIN movies AS m ON m.id = s.movie_id" if conditions else ""
    return Source(f"movie_stats AS s{joined}", "s.movie_id", "s.rating_average", ("s.rating_average IS NOT NULL",))


def _popular(conditions: Sequence[Condition], parameters: Parameters) -> tuple[Source, Sequence[Condition]]:
    """Returns the source in which a genre, a year or both are in the order of popularity."""
    compared = [condition for condition in conditions if isinstance(condition, Comparison)]
    genre = next((condition for condition in compared if _is_one_genre(condition)), None)
    year = next((condition for condition in compared if (condition.field, condition.operator) == ("year", "=")), None)
    rest = [condition for condition in conditions if condition not in (genre, year)]
    if genre is not None:
        return _in_genre(genre, year, parameters, joined=bool(rest)), rest
    if year is not None:
        released = f"extract(year FROM m.release_date) = {parameters.place(year.value)}"
        return Source(MOVIES, "m.id", "m.popularity", (released,)), rest
    return Source(MOVIES, "m.id", "m.popularity"), conditions


def _is_one_genre(condition: Comparison) -> bool:
    return (
        condition.field in {"genre", "genre_id"}
        and condition.operator == "="
        and not isinstance(condition.value, tuple)
    )


def _in_genre(genre: Comparison, year: Comparison | None, parameters: Parameters, *, joined: bool) -> Source:
    # movie_genres repeats both: an index holds a genre's movies, or those of a year, in order, whatever share they are.
    movies = " JOIN movies AS m ON m.id = d.movie_id" if joined else ""
    wanted = [f"d.genre_id {genre_sql(genre.field, genre.value, parameters)}"]
    if year is not None:
        wanted.append(f"d.release_year = {parameters.place(year.value)}")
    return Source(f"movie_genres AS d{movies}", "d.movie_id", "d.popularity", tuple(wanted))
