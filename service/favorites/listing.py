"""Pages of users' rows: one statement with a keyset, narrowed by filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from service.api.pagination import PageTokens, page_size
from service.database.orm import fetch
from service.favorites.interactions import STATE_COLUMNS, VERSIONS
from service.favorites.ordering import MOVIE, Order

LISTED_MOVIE = f"l.movie_id, l.created_at, (SELECT {VERSIONS} FROM user_activities WHERE user_id = $1) AS versions, "  # noqa: S608 - a constant
OF_MOVIES = ("create_time", "title", "release_date", "popularity", "my_rating")
RATED = "l.movie_id, l.rating, l.review, l.created_at, l.updated_at, l.row_version, " + STATE_COLUMNS["movie_ratings"]


@dataclass(frozen=True, slots=True)
class UserList:
    """A list: the rows `l` of a table that belong to one user or one movie, and the columns to select."""

    rpc: str
    table: str
    owner: str
    """Column with the user or movie that the rows belong to."""
    shown: str
    keys: Sequence[str]
    join: str = ""
    condition: str = ""


FAVORITES = UserList(
    "ListFavorites", "favorite_movies", "user_id", LISTED_MOVIE + STATE_COLUMNS["favorite_movies"], OF_MOVIES
)
WATCHLIST = UserList(
    "ListWatchlist", "watchlist_items", "user_id", LISTED_MOVIE + STATE_COLUMNS["watchlist_items"], OF_MOVIES
)
RATINGS = UserList("ListRatings", "movie_ratings", "user_id", RATED, ("create_time", "update_time", *OF_MOVIES[1:]))
REVIEWS = UserList(
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


class _Parameters:
    def __init__(self) -> None:
        self.values: list[Any] = []

    def place(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


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
    order = Order.parse(order_by, keys=user_list.keys)
    limit = page_size(size)
    binding = (user_list.rpc, owner_id, *_binding_of(order, wanted))
    position = tokens.read(page_token, binding=binding)
    if position is None and wanted == EVERYTHING:
        statement, values = _first_page_statement(user_list, order, limit + 1), [owner_id]
    else:
        statement, values = page_query(user_list, owner_id, wanted, order, after=position, limit=limit + 1)
    rows = await fetch(statement, *values)
    more = len(rows) > limit
    return rows[:limit], tokens.make(order.position(rows[limit - 1]), binding=binding) if more else ""


def reads_movies(user_list: UserList, wanted: ListFilter, order_by: str) -> bool:
    """Returns whether a page depends on columns of movies, and not only on the user's own rows."""
    order = Order.parse(order_by, keys=user_list.keys)
    return order.key.join == MOVIE or wanted.year is not None or bool(wanted.genre_ids_any)


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
    parameters = _Parameters()
    conditions = [f"l.{user_list.owner} = {parameters.place(owner_id)}"]
    conditions += [user_list.condition] if user_list.condition else []
    conditions += _conditions(wanted, parameters)
    if after is not None:
        conditions.append(order.after(after, parameters.place))
    joins = [user_list.join, order.key.join, MOVIE if wanted.year is not None and order.key.join != MOVIE else ""]
    value = f", {order.columns[0]} AS sort_value" if len(order.columns) > 1 else ""
    # The statement consists of constants of this package; values are parameters.
    statement = (
        f"SELECT l.id, {user_list.shown}{value} FROM {user_list.table} AS l {' '.join(joins)}"  # noqa: S608
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
