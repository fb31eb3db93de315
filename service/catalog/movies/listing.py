"""Pages of movie ids: the published orders, and an indexed keyset query narrowed by conditions.

Rows without a sort value come last in both directions. A second statement reads them, only for a page that the first
one does not fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from service.api.ordering import DATE, DATETIME, DECIMAL, Order, Orders, SortKey
from service.api.query import Parameters
from service.catalog.movies.conditions import Comparison, Condition
from service.catalog.movies.fields import condition_sql, genre_sql
from service.catalog.movies.planning import planned_by_values, with_ids
from service.database.orm import fetch

Position = Sequence[Any]
"""[sort value as JSON, id]; the value is None in the run of rows without one."""
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
"""The orders that movie_genres keeps beside a genre."""
YEAR_KEYS = {"popularity", "vote_average"}
"""The orders in which an index keeps a year's movies; beside that of their dates."""
POPULAR = {"country", "language"}
"""What else has an index of its movies by popularity."""
NARROW = {"id", "tmdb_id", "imdb_id", "director_id", "person_id", "character_id"}
"""What holds for few movies, whatever the value: any plan begins with it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a run's rows come from, in the order of an index of theirs."""

    tables: str
    id: str
    value: str
    conditions: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    """The columns of the order, when they are not value and id."""
    in_order: bool = True
    """False when an index of the order does not have what fulfils the conditions together."""


async def list_ids(
    conditions: Sequence[Condition], order: Order, *, after: Position | None, limit: int
) -> list[tuple[int, Position]]:
    """Returns up to `limit` ids of movies that fulfil every condition, each with its position."""
    if depends_on_values(conditions, order):
        async with planned_by_values():
            return await _list(await with_ids(conditions), order, after=after, limit=limit)
    return await _list(conditions, order, after=after, limit=limit)


def depends_on_values(conditions: Sequence[Condition], order: Order) -> bool:
    """Tells whether the best plan of a page hangs on values: no one index has what is asked for in its order."""
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
    """Returns the statement of a page's ids, and its values."""
    parameters = Parameters()
    source, rest = _source(conditions, order, parameters, nulls=nulls)
    wanted = [*source.conditions, *(condition_sql(condition, parameters) for condition in rest)]
    if after is not None:
        by_id_only = nulls or source.id == source.value
        position, columns = (after[1:], (source.id,)) if by_id_only else (after, (source.value, source.id))
        wanted.append(order.after(position, columns, parameters))
    where = f"WHERE {' AND '.join(wanted)} " if wanted else ""
    # Every part of the statement is written in this folder; the values travel apart.
    statement = (
        f"SELECT {source.id} AS id, {source.value} AS value FROM {source.tables} {where}"  # noqa: S608
        f"{order.sql(source.sort or (source.value, source.id))} LIMIT {limit:d}"
    )
    return statement, parameters.values


def _source(
    conditions: Sequence[Condition], order: Order, parameters: Parameters, *, nulls: bool
) -> tuple[Source, Sequence[Condition]]:
    """Returns the source that an order reads from, and the conditions that it does not see to itself."""
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


def _without(conditions: Sequence[Condition], seen_to: Condition) -> Sequence[Condition]:
    return [condition for condition in conditions if condition != seen_to]


def _both(genre: Comparison, year: Comparison, parameters: Parameters) -> str:
    # Together, for the index that has them together.
    named = f"d.genre_id {genre_sql(genre.field, genre.value, parameters)}"
    released = f"d.release_year = {parameters.place(year.value)}"
    return f"EXISTS (SELECT FROM movie_genres AS d WHERE d.movie_id = m.id AND {named} AND {released})"


def _has_value(order: Order, column: str, *, nulls: bool) -> tuple[str, ...]:
    return (f"{column} IS {'' if nulls else 'NOT '}NULL",) if order.key.nullable else ()


def _rated(conditions: Sequence[Condition], *, nulls: bool) -> Source:
    if nulls:
        # One look-up a movie from the position on; as an anti-join it would read every rating before the position.
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
    # movie_genres repeats all three: an index holds a genre's movies, or those of a year, in order, whatever share
    # they are.
    movies = " JOIN movies AS m ON m.id = d.movie_id" if joined else ""
    wanted = [f"d.genre_id {genre_sql(genre.field, genre.value, parameters)}"]
    if year is not None and order.name == "release_date":
        days = [parameters.place(date(year.value, *day)) for day in ((1, 1), (12, 31))]
        wanted.append(f"d.release_date BETWEEN {days[0]} AND {days[1]}")
    elif year is not None:
        wanted.append(f"d.release_year = {parameters.place(year.value)}")
    column = f"d.{order.name}"
    return Source(
        f"movie_genres AS d{movies}", "d.movie_id", column, (*wanted, *_has_value(order, column, nulls=nulls))
    )
