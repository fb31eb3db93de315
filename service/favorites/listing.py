"""Pages of users' rows: one statement with a keyset, narrowed by filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from service.api.ordering import DATE, DATETIME, Order, Orders, SortKey
from service.api.pagination import PageTokens, page_size
from service.api.query import Parameters
from service.database.orm import fetch
from service.favorites.interactions import STATE_COLUMNS, VERSIONS

LISTED_MOVIE = f"l.movie_id, l.created_at, (SELECT {VERSIONS} FROM user_activities WHERE user_id = $1) AS versions, "  # noqa: S608 - a constant
MOVIE = "JOIN movies AS m ON m.id = l.movie_id"
MY_RATING = "LEFT JOIN movie_ratings AS r ON r.user_id = l.user_id AND r.movie_id = l.movie_id"
NEWEST = "create_time desc"
# Ids increase in the order of creation.
CREATE_TIME = SortKey()
UPDATE_TIME = SortKey(("l.updated_at",), DATETIME)
OF_MOVIES = {
    "title": SortKey(("m.title",), join=MOVIE),
    "release_date": SortKey(
        # asyncpg reads and writes the two infinities as Python's last and first date.
        ("coalesce(m.release_date, 'infinity')",),
        DATE,
        descending_columns=("coalesce(m.release_date, '-infinity')",),
        join=MOVIE,
    ),
    "popularity": SortKey(("m.popularity",), join=MOVIE),
    "my_rating": SortKey(("coalesce(r.rating, 6)",), descending_columns=("coalesce(r.rating, 0)",), join=MY_RATING),
}
LIST_ORDERS = Orders({"create_time": CREATE_TIME, **OF_MOVIES}, default=NEWEST)
RATING_ORDERS = Orders({"create_time": CREATE_TIME, "update_time": UPDATE_TIME, **OF_MOVIES}, default=NEWEST)
REVIEW_ORDERS = Orders({"create_time": CREATE_TIME, "rating": SortKey(("l.rating",))}, default=NEWEST)
RATED = "l.movie_id, l.rating, l.review, l.created_at, l.updated_at, l.row_version, " + STATE_COLUMNS["movie_ratings"]


@dataclass(frozen=True, slots=True)
class UserList:
    """A list: the rows `l` of a table that belong to one user or one movie, and the columns to select."""

    rpc: str
    table: str
    owner: str
    """Column with the user or movie that the rows belong to."""
    shown: str
    orders: Orders
    join: str = ""
    condition: str = ""


FAVORITES = UserList(
    "ListFavorites", "favorite_movies", "user_id", LISTED_MOVIE + STATE_COLUMNS["favorite_movies"], LIST_ORDERS
)
WATCHLIST = UserList(
    "ListWatchlist", "watchlist_items", "user_id", LISTED_MOVIE + STATE_COLUMNS["watchlist_items"], LIST_ORDERS
)
RATINGS = UserList("ListRatings", "movie_ratings", "user_id", RATED, RATING_ORDERS)
REVIEWS = UserList(
    "ListMovieReviews",
    "movie_ratings",
    "movie_id",
    "l.rating, l.review, u.username AS author, l.created_at, l.updated_at",
    REVIEW_ORDERS,
    join="JOIN users AS u ON u.id = l.user_id",
    condition="l.review <> '' AND u.is_active",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilter:
    """Conditions on the rows; None or empty admits all."""

    genre_ids_any: tuple[int, ...] = ()
    year: int | None = None
    added_from: datetime | None = None
    added_before: datetime | None = None
    rating_min: int | None = None
    rating_max: int | None = None


EVERYTHING = ListFilter()
CACHE_SIZE = 500
"""Entries of each cache below."""


async def list_rows(
    user_list: UserList,
    owner_id: int,
    wanted: ListFilter,
    *,
    size: int,
    page_token: str,
    order_by: str,
    tokens: PageTokens,
) -> tuple[Sequence[Mapping[str, Any]], str]:
    """Returns a page of rows and the token of the next page; size 0 is the default.

    Raises OrderByInvalid, PageTokenInvalid.
    """
    order = user_list.orders.parse(order_by)
    limit = page_size(size)
    binding = (user_list.rpc, owner_id, *_binding_of(order, wanted))
    position = tokens.read(page_token, binding=binding)
    if position is None and wanted == EVERYTHING:
        statement, values = _first_page_statement(user_list, order, limit + 1), [owner_id]
    else:
        statement, values = page_query(user_list, owner_id, wanted, order, after=position, limit=limit + 1)
    rows = await fetch(statement, *values)
    more = len(rows) > limit
    return rows[:limit], tokens.make(_position(order, rows[limit - 1]), binding=binding) if more else ""


def reads_movies(user_list: UserList, wanted: ListFilter, order_by: str) -> bool:
    """Returns whether a page depends on columns of movies, and not only on the user's own rows."""
    order = user_list.orders.parse(order_by)
    return order.key.join == MOVIE or wanted.year is not None or bool(wanted.genre_ids_any)


def _position(order: Order, row: Mapping[str, Any]) -> list[Any]:
    return order.position([row["sort_value"]] if order.columns else [], row["id"])


@lru_cache(CACHE_SIZE)
def _binding_of(order: Order, wanted: ListFilter) -> tuple[str, str]:
    """Returns the binding of a token to an order and a filter. Cached, because it takes most of the time of a token."""
    return str(order), str(wanted)


@lru_cache(CACHE_SIZE)
def _first_page_statement(user_list: UserList, order: Order, limit: int) -> str:
    """Returns the statement of the first page of an unfiltered list; its only parameter is the owner."""
    statement, _ = page_query(user_list, 0, EVERYTHING, order, after=None, limit=limit)
    return statement


def page_query(
    user_list: UserList, owner_id: int, wanted: ListFilter, order: Order, *, after: Sequence[Any] | None, limit: int
) -> tuple[str, list[Any]]:
    """Returns the statement of a page and its parameters."""
    parameters, columns = Parameters(), (*order.columns, "l.id")
    conditions = [f"l.{user_list.owner} = {parameters.place(owner_id)}"]
    conditions += [user_list.condition] if user_list.condition else []
    conditions += _conditions(wanted, parameters)
    if after is not None:
        conditions.append(order.after(after, columns, parameters))
    joins = [user_list.join, order.key.join, MOVIE if wanted.year is not None and order.key.join != MOVIE else ""]
    value = f", {order.columns[0]} AS sort_value" if order.columns else ""
    # The statement consists of constants of this package; values are parameters.
    statement = (
        f"SELECT l.id, {user_list.shown}{value} FROM {user_list.table} AS l {' '.join(joins)}"  # noqa: S608
        f" WHERE {' AND '.join(conditions)} {order.sql(columns)} LIMIT {limit:d}"
    )
    return statement, parameters.values


def _conditions(wanted: ListFilter, parameters: Parameters) -> list[str]:
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
