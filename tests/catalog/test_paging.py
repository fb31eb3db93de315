"""Pages of ListMovies while the catalogue changes, tokens of other lists, and the cost of a page."""

from __future__ import annotations

import base64
import random

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movies_pb2
from marquee.favorites.v1 import favorites_pb2

from service.api.pagination import PageTokens
from service.settings import Settings
from tests.catalogue import add_genre, add_movie
from tests.client import Client, refused
from tests.queries import QueryCount

List = movies_pb2.ListMoviesRequest
INVALID = (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", {"page_token": "page_token.bound"})


async def fill(database: asyncpg.Connection, count: int) -> list[int]:
    rows = await database.fetch(
        "INSERT INTO movies (title, popularity, release_date)"
        " SELECT 'Film ' || n % 7, n % 5, CASE WHEN n % 4 > 0 THEN date '2000-01-01' + n % 6 END"
        " FROM generate_series(1, $1) n RETURNING id",
        count,
    )
    return [row["id"] for row in rows]


async def first_token(client: Client, order_by: str = "") -> str:
    token: str = (await client.catalog.ListMovies(List(page_size=1, order_by=order_by))).next_page_token
    assert token
    return token


@pytest.mark.parametrize("order_by", ["popularity desc", "title", "release_date", "release_date desc", "id desc"])
async def test_nothing_is_lost_or_repeated_while_rows_change(
    client: Client, database: asyncpg.Connection, order_by: str
) -> None:
    chance = random.Random(order_by)  # noqa: S311 - the same changes each time
    stayed = set(await fill(database, 60))
    seen: list[int] = []
    token = ""
    while True:
        page = await client.catalog.ListMovies(List(order_by=order_by, page_size=7, page_token=token))
        seen += [movie.id for movie in page.movies]
        token = page.next_page_token
        if not token:
            break
        gone = {*chance.sample(sorted(stayed), 3), page.movies[-1].id}  # also the row of the token
        await database.execute("DELETE FROM movies WHERE id = ANY($1)", sorted(gone))
        stayed -= gone
        await fill(database, 6)
    assert len(seen) == len(set(seen)), "repeated"
    assert stayed <= set(seen), "lost"


async def test_a_token_among_dated_movies_continues_with_undated_movies(
    client: Client, database: asyncpg.Connection
) -> None:
    await fill(database, 8)
    token = (await client.catalog.ListMovies(List(order_by="release_date", page_size=6))).next_page_token
    await database.execute("DELETE FROM movies WHERE release_date IS NOT NULL")
    rest = await client.catalog.ListMovies(List(order_by="release_date", page_token=token))
    assert len(rest.movies) == 2
    assert not rest.next_page_token


async def test_a_token_of_another_list_is_refused(client: Client, database: asyncpg.Connection) -> None:
    ids = await fill(database, 5)
    user = await client.registered()
    for movie_id in ids:
        await user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=movie_id))
    favorites = await user.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest(page_size=1))
    foreign = {
        "the other direction": (await first_token(client, "title desc"), "title"),
        "another key": (await first_token(client, "id"), "popularity"),
        "the default order": (await first_token(client), "title"),
        "another rpc": (favorites.next_page_token, ""),
    }
    for name, (token, order_by) in foreign.items():
        refusal = await refused(user.catalog.ListMovies(List(page_token=token, order_by=order_by)))
        assert (refusal.code, refusal.reason, refusal.fields) == INVALID, name


async def test_one_order_may_be_spelt_differently_on_the_next_page(
    client: Client, database: asyncpg.Connection
) -> None:
    await fill(database, 3)
    page = await client.catalog.ListMovies(List(page_token=await first_token(client), order_by="popularity  desc"))
    assert len(page.movies) == 2


async def test_an_altered_token_is_refused(client: Client, database: asyncpg.Connection, settings: Settings) -> None:
    await fill(database, 5)
    token = await first_token(client)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    binding = ("ListMovies", "popularity desc")
    own = PageTokens(settings.page_token_key.get_secret_value())
    assert own.read(token, binding=binding), "the binding is the real one"
    tampered = [
        *(token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(0, len(token), 5)),
        *(token[:n] for n in range(1, len(token))),
        token + "A", token + "=", token + "\n", " " + token, token.replace("-", "+"), token + token,
        "0", "x", "null", "[]", "....", "%00", "\u2028", "\u00e9", "-" * 1024,
        base64.urlsafe_b64encode(raw[16:]).decode(),
        base64.urlsafe_b64encode(bytes(16) + raw[16:]).decode(),
        base64.urlsafe_b64encode(raw[:16]).decode().rstrip("="),
        base64.urlsafe_b64encode(b"[4,").decode(),
        PageTokens("q" * 32).make([4.0, 1], binding=binding),
    ]  # fmt: skip
    for other in tampered:
        if other == token:
            continue
        refusal = await refused(client.catalog.ListMovies(List(page_token=other)))
        assert (refusal.code, refusal.reason, refusal.fields) == INVALID, other


async def test_random_bytes_are_refused(client: Client) -> None:
    chance = random.Random(1)  # noqa: S311 - the same bytes each time
    for size in (1, 15, 16, 17, 64, 256, 700):
        token = base64.urlsafe_b64encode(chance.randbytes(size)).decode().rstrip("=")
        assert (await refused(client.catalog.ListMovies(List(page_token=token)))).reason == "PAGE_TOKEN_INVALID"


async def test_a_huge_token_is_not_even_read(client: Client) -> None:
    for size in (4097, 500_000):
        refusal = await refused(client.catalog.ListMovies(List(page_token="A" * size)))
        assert (refusal.code, refusal.fields) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            {"page_token": "string.max_len"},
        )


@pytest.mark.parametrize("title", ["x" * 500, "\u6620" * 230, "\U0001f3ac" * 170])
async def test_the_token_after_a_long_title_is_accepted(
    client: Client, database: asyncpg.Connection, title: str
) -> None:
    for _ in range(2):
        await add_movie(database, title)
    page = await client.catalog.ListMovies(List(page_token=await first_token(client, "title"), order_by="title"))
    assert len(page.movies) == 1


async def test_a_page_takes_the_same_queries_for_any_size(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    ids = await fill(database, 100)
    for name in ("Drama", "War"):
        await add_genre(database, name, *ids)
    user = await client.registered()
    for caller, order_by in ((client, ""), (user, ""), (user, "title"), (user, "id desc")):
        counts = set()
        for size in (1, 10, 100):
            with queries.counted() as counted:
                await caller.catalog.ListMovies(List(page_size=size, order_by=order_by))
            counts.add(counted.total)
        assert len(counts) == 1, (order_by, counts)
        assert counts.pop() <= 8
