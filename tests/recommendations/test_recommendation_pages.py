"""Pages of recommendations: no movie is lost or repeated when data changes between two pages."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from tests.client import Client, refused
from tests.recommendations.calls import (
    add_ranked_movies,
    dismiss,
    favor,
    ids,
    rate,
    recommend,
    recommended,
    similar,
    trending,
    watch_later,
)
from tests.recommendations.models import activate, wait_until

Action = Callable[[], Awaitable[object]]


async def nothing() -> None:
    pass


async def pages(user: Client, between: Action = nothing, **request: Any) -> list[list[int]]:
    """Returns every page, and performs an action after each."""
    all_pages: list[list[int]] = []
    token = ""
    while not all_pages or token:
        page = await recommend(user, page_token=token, **request)
        all_pages.append(recommended(page))
        token = page.next_page_token
        await between()
    return all_pages


async def test_pages_have_every_movie_once_in_order(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 23)
    user = await client.registered()
    found = await pages(user, page_size=5)
    assert [len(page) for page in found] == [5, 5, 5, 5, 3]
    assert list(itertools.chain(*found)) == movies


async def test_a_user_who_rates_each_page_gets_every_movie_once(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 20)
    user = await client.registered()
    await activate(database, {movies[0]: {movies[19]: 5.0}, movies[1]: {movies[18]: 5.0, movies[0]: 3.0}})
    seen = iter(movies)

    async def rate_the_next() -> None:
        await rate(database, user, next(seen), 5)

    found = list(itertools.chain(*await pages(user, rate_the_next, page_size=3)))
    assert found == movies


async def test_interactions_between_two_pages_are_excluded_from_the_second(
    client: Client, database: asyncpg.Connection
) -> None:
    movies = await add_ranked_movies(database, 9)
    user = await client.registered()
    first = await recommend(user, page_size=2)
    await rate(database, user, movies[2], 1)
    await favor(database, user, movies[3])
    await dismiss(user, movies[4])
    await watch_later(database, user, movies[5])
    second = await recommend(user, page_size=2, page_token=first.next_page_token)
    assert recommended(second) == movies[6:8]


async def test_another_model_between_two_pages_changes_only_the_next_list(
    client: Client, database: asyncpg.Connection
) -> None:
    movies = await add_ranked_movies(database, 12)
    user = await client.registered()
    await rate(database, user, movies[11], 5)
    await activate(database, {movies[11]: {movies[9]: 2.0, movies[8]: 1.9}})

    async def is_first(movie_id: int) -> bool:
        return recommended(await recommend(user, page_size=1)) == [movie_id]

    await wait_until(lambda: is_first(movies[9]))
    whole = recommended(await recommend(user))
    first = await recommend(user, page_size=1)
    await activate(database, {movies[11]: {movies[10]: 2.0}})
    await wait_until(lambda: is_first(movies[10]))
    rest = await recommend(user, page_token=first.next_page_token)
    assert recommended(first) + recommended(rest) == whole
    assert all(item.reason.WhichOneof("reason") for item in rest.recommendations)


async def test_a_movie_deleted_between_two_pages_is_left_out(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 6)
    user = await client.registered()
    first = await recommend(user, page_size=2)
    await database.execute("DELETE FROM movies WHERE id = $1", movies[3])
    second = await recommend(user, page_size=2, page_token=first.next_page_token)
    third = await recommend(user, page_size=2, page_token=second.next_page_token)
    assert (recommended(second), recommended(third)) == ([movies[2]], movies[4:])


async def test_a_list_and_its_tokens_have_a_maximum_length(client: Client, database: asyncpg.Connection) -> None:
    await database.execute("INSERT INTO movies (title) SELECT 'Film' FROM generate_series(1, 450)")
    user = await client.registered()
    page = await recommend(user, page_size=1)
    assert 1500 < len(page.next_page_token) < 3000
    found = list(itertools.chain(*await pages(user, page_size=100)))
    assert (len(found), len(set(found))) == (400, 400)
    for first in (await trending(user, page_size=1), await similar(user, found[0], page_size=1)):
        assert len(first.next_page_token) < 3000


async def test_a_token_is_bound_to_its_caller_and_filters(client: Client, database: asyncpg.Connection) -> None:
    await add_ranked_movies(database, 3)
    user, other = await client.registered(), await client.registered()
    token = (await recommend(user, page_size=1, language="")).next_page_token
    attempts = [
        recommend(other, page_token=token),
        recommend(user, page_token=token, language="en"),
        recommend(user, page_token=token, include_watchlist=True),
        recommend(user, page_token=token[:-1]),
        recommend(user, page_token="x"),
        trending(user, page_token=token),
    ]
    assert {(await refused(attempt)).reason for attempt in attempts} == {"PAGE_TOKEN_INVALID"}
    assert len(recommended(await recommend(user, page_token=token))) == 2


async def test_the_order_of_genres_in_a_filter_does_not_matter(client: Client, database: asyncpg.Connection) -> None:
    await add_ranked_movies(database, 3)
    user = await client.registered()
    page = await recommend(user, page_size=1, genre_ids_none=[8, 9])
    assert len(ids(await recommend(user, page_token=page.next_page_token, genre_ids_none=[9, 8]))) == 2
