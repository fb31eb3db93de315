"""What keeping favorites costs beside the statements alone: calls a second, against bare handlers, in turns."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import grpc
from marquee.favorites.v1 import favorites_pb2

from benchmarks.bare_favorites import INSERT, LIST, TABLE, bare_server
from benchmarks.figure import Effort, Figure, in_turns
from benchmarks.load import LoadClient, Round, encoded, load_client
from benchmarks.stack import WORKERS, Stack

ADD_FAVORITE = "/marquee.favorites.v1.FavoritesService/AddFavorite"
LIST_FAVORITES = "/marquee.favorites.v1.FavoritesService/ListFavorites"
CONNECTIONS = 16
SECONDS = 2.0
REPEATS = 8
PAGE = 20
# So many that no round comes to the end of them, and every call makes a row.
MOVIES = 20_000
ADD_MOVIES = "INSERT INTO movies (title) SELECT 'Film ' || n FROM generate_series(1, $1::int) AS n RETURNING id"
KEEP = """
INSERT INTO favorite_movies (user_id, movie_id)
SELECT u.id, m.id FROM users AS u, (SELECT id FROM movies ORDER BY id LIMIT 200) AS m WHERE u.username = ANY ($1)
ON CONFLICT DO NOTHING
"""
EMPTY = "TRUNCATE favorite_movies"


def measure(stack: Stack, effort: Effort) -> Iterator[Figure]:
    """Measures AddFavorite of movies that are not there yet, and the first page of 200 favorites."""
    database = _Database(stack.database_url)
    movie_ids = database.add_movies()
    # One for each call under way: users who add at the same time are different ones.
    names = stack.add_users("keeper", CONNECTIONS)
    user_ids = [database.value("SELECT id FROM users WHERE username = $1", name) for name in names]
    add = Round(
        method=ADD_FAVORITE,
        requests=encoded([favorites_pb2.AddFavoriteRequest(movie_id=movie_id) for movie_id in movie_ids]),
        seconds=effort.seconds(SECONDS),
        in_flight=CONNECTIONS,
        tokens=stack.sign_in(names),
    )
    listed = replace(add, method=LIST_FAVORITES, requests=encoded([favorites_pb2.ListFavoritesRequest(page_size=PAGE)]))
    sizes = (_reply_size(stack, add), 0)
    database.execute(EMPTY)
    database.execute(KEEP, names)
    database.execute(TABLE)
    sizes = (sizes[0], _reply_size(stack, listed))
    with (
        bare_server(
            processes=WORKERS, database_url=stack.database_url, user_ids=user_ids, reply_sizes=sizes
        ) as bare_address,
        load_client(stack.address, connections=CONNECTIONS) as client,
        load_client(bare_address, connections=CONNECTIONS) as bare,
    ):
        pairs = _compare(client, bare, listed, LIST, effort)
        yield Figure(f"ListFavorites({PAGE}) a second: the server / one query of ids", pairs, "calls", ">= 0.8")

        def emptied() -> None:
            database.execute(EMPTY)
            database.execute("TRUNCATE bare_favorites")

        pairs = _compare(client, bare, add, INSERT, effort, before=emptied)
        yield Figure("AddFavorite a second: the server / one INSERT", pairs, "calls", ">= 0.7")


def _compare(
    client: LoadClient, bare: LoadClient, calls: Round, bare_method: str, effort: Effort, *, before: Any = None
) -> Sequence[tuple[float, float]]:
    bare_calls = replace(calls, method=bare_method, tokens=())

    def rate(of: LoadClient, made: Round) -> float:
        if before is not None:
            before()
        answers = of.run(made).require("OK")
        return len(answers.codes) / max(answers.ended)

    for _ in range(2):
        rate(client, calls)
        rate(bare, bare_calls)
    repeats = effort.repeats(REPEATS)
    return in_turns(lambda: rate(client, calls), lambda: rate(bare, bare_calls), repeats=repeats)


def _reply_size(stack: Stack, calls: Round) -> int:
    metadata = (("authorization", f"Bearer {calls.tokens[0]}"),)
    with grpc.insecure_channel(stack.address) as channel:
        call: Any = channel.unary_unary(calls.method)
        reply: bytes = call(base64.b64decode(calls.requests[0]), metadata=metadata)
    return len(reply)


class _Database:
    def __init__(self, url: str) -> None:
        self._url = url

    def value(self, statement: str, *values: object) -> Any:
        return self._run(statement, values)[0][0]

    def execute(self, statement: str, *values: object) -> None:
        self._run(statement, values)

    def add_movies(self) -> list[int]:
        ids = [row["id"] for row in self._run(ADD_MOVIES, (MOVIES,))]
        self._run("ANALYZE movies", ())
        return ids

    def _run(self, statement: str, values: Sequence[object]) -> Any:
        async def run() -> Any:
            connection = await asyncpg.connect(self._url)
            try:
                return await connection.fetch(statement, *values)
            finally:
                await connection.close()

        return asyncio.run(run())
