"""Pages of rows that users made: one statement by keyset, narrowed by filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from service.api.pagination import PageTokens, page_size
from service.database.orm import fetch
from service.favorites.history import VERSIONS
from service.favorites.ordering import MOVIE, Order
from service.favorites.states import STATE_IN

KEPT_MOVIE = f"l.movie_id, l.created_at, (SELECT {VERSIONS} FROM user_activities WHERE user_id = $1) AS versions, "  # noqa: S608 - our own names
OF_MOVIES = ("create_time", "title", "release_date", "popularity", "my_rating")
RATED = "l.movie_id, l.rating, l.review, l.created_at, l.updated_at, l.row_version, " + STATE_IN["movie_ratings"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: the rows `l` of a table that belong to one user or one movie, and what is shown of them."""

    rpc: str
    table: str
    owner: str
    """Column that says whose the rows are."""
    shown: str
    keys: Sequence[str]
    join: str = ""
    condition: str = ""


FAVORITES = Listed("ListFavorites", "favorite_movies", "user_id", KEPT_MOVIE + STATE_IN["favorite_movies"], OF_MOVIES)
WATCHLIST = Listed("ListWatchlist", "watchlist_items", "user_id", KEPT_MOVIE + STATE_IN["watchlist_items"], OF_MOVIES)
RATINGS = Listed("ListRatings", "movie_ratings", "user_id", RATED, ("create_time", "update_time", *OF_MOVIES[1:]))
REVIEWS = Listed(
    "ListMovieReviews",
    "movie_ratings",
    "movie_id",
    "l.rating, l.review, u.username AS author, l.created_at, l.updated_at",
    ("create_time", "rating"),
    join="JOIN users AS u ON u.id = l.user_id",
    condition="l.review <> '' AND u.is_active",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilter:
    """Which rows to list; what is None or empty holds for all."""

    genre_ids_any: tuple[int, ...] = ()
    year: int | None = None
    added_from: datetime | None = None
    added_before: datetime | None = None
    rating_min: int | None = None
    rating_max: int | None = None


EVERYTHING = ListFilter()
KEPT = 500
"""Most descriptions and statements that are kept, each."""


class _Parameters:
    def __init__(self) -> None:
        self.values: list[Any] = []

    def place(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


async def list_rows(
    listed: Listed, owner_id: int, wanted: ListFilter, *, size: int, page_token: str, order_by: str, tokens: PageTokens
) -> tuple[Sequence[Mapping[str, Any]], str]:
    """Returns a page of rows and the token of the next page; size 0 is the default.

    Raises OrderByInvalid, PageTokenInvalid.
    """
    order = Order.parse(order_by, keys=listed.keys)
    limit = page_size(size)
    binding = (listed.rpc, owner_id, *_described(order, wanted))
    position = tokens.read(page_token, binding=binding)
    if position is None and wanted == EVERYTHING:
        statement, values = _beginning(listed, order, limit + 1), [owner_id]
    else:
        statement, values = page_query(listed, owner_id, wanted, order, after=position, limit=limit + 1)
    rows = await fetch(statement, *values)
    more = len(rows) > limit
    return rows[:limit], tokens.make(order.position(rows[limit - 1]), binding=binding) if more else ""


def reads_movies(listed: Listed, wanted: ListFilter, order_by: str) -> bool:
    """Tells whether a page depends on what movies are, and not on the user's own doing alone."""
    order = Order.parse(order_by, keys=listed.keys)
    return order.key.join == MOVIE or wanted.year is not None or bool(wanted.genre_ids_any)


@lru_cache(KEPT)
def _described(order: Order, wanted: ListFilter) -> tuple[str, str]:
    """Returns what binds a token to an order and a filter: longer in the making than the rest of a token."""
    return str(order), str(wanted)


@lru_cache(KEPT)
def _beginning(listed: Listed, order: Order, limit: int) -> str:
    """Returns the statement of the first page of a whole list, whose only value is the owner."""
    statement, _ = page_query(listed, 0, EVERYTHING, order, after=None, limit=limit)
    return statement


def page_query(
    listed: Listed, owner_id: int, wanted: ListFilter, order: Order, *, after: Sequence[Any] | None, limit: int
) -> tuple[str, list[Any]]:
    """Returns the statement of a page's rows, and its values."""
    parameters = _Parameters()
    conditions = [f"l.{listed.owner} = {parameters.place(owner_id)}"]
    conditions += [listed.condition] if listed.condition else []
    conditions += _conditions(wanted, parameters)
    if after is not None:
        conditions.append(order.after(after, parameters.place))
    joins = [listed.join, order.key.join, MOVIE if wanted.year is not None and order.key.join != MOVIE else ""]
    value = f", {order.columns[0]} AS sort_value" if len(order.columns) > 1 else ""
    # Every part of the statement is written in this folder; the values travel apart.
    statement = (
        f"SELECT l.id, {listed.shown}{value} FROM {listed.table} AS l {' '.join(joins)}"  # noqa: S608
        f" WHERE {' AND '.join(conditions)} {order.sql} LIMIT {limit:d}"
    )
    return statement, parameters.values


def _conditions(wanted: ListFilter, parameters: _Parameters) -> list[str]:
    conditions = [
        f"{column} {operator} {parameters.place(value)}"
        for column, operator, value in (
            ("l.created_at", ">=", wanted.added_from),
            ("l.created_at", "<", wanted.added_before),
            ("l.rating", ">=", wanted.rating_min),
            ("l.rating", "<=", wanted.rating_max),
        )
        if value is not None
    ]
    if wanted.year is not None:
        first, last = (parameters.place(date(wanted.year, *day)) for day in ((1, 1), (12, 31)))
        conditions.append(f"m.release_date BETWEEN {first} AND {last}")
    if wanted.genre_ids_any:
        genres = parameters.place(list(wanted.genre_ids_any))
        conditions.append(
            f"EXISTS (SELECT FROM movie_genres AS g WHERE g.movie_id = l.movie_id AND g.genre_id = ANY ({genres}))"
        )
    return conditions
