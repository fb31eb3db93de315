"""Cost of favorites: rate and CPU compared with bare handlers that run only the statements."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import grpc
from marquee.favorites.v1 import favorites_pb2

from benchmarks.bare_favorites import INSERT, LIST, TABLE, bare_server
from benchmarks.bare_reads import BareServer
from benchmarks.figure import Figure, RunOptions, alternate
from benchmarks.load import encoded
from benchmarks.read_path import PROCESSES, THOUSAND, RoundCost, measure_round, server_rounds
from benchmarks.stack import Stack, cpu_seconds, other_server
from benchmarks.wire_load import Wire, WireRound, wire_client

ADD_FAVORITE = "/marquee.favorites.v1.FavoritesService/AddFavorite"
LIST_FAVORITES = "/marquee.favorites.v1.FavoritesService/ListFavorites"
CONNECTIONS = 16
SECONDS = 2.0
REPEATS = 8
PAGE = 20
# Enough that no round uses all of them, so every call inserts a row.
MOVIES = 20_000
ADD_MOVIES = "INSERT INTO movies (title) SELECT 'Film ' || n FROM generate_series(1, $1::int) AS n RETURNING id"
ADD_FAVORITES = """
INSERT INTO favorite_movies (user_id, movie_id)
SELECT u.id, m.id FROM users AS u, (SELECT id FROM movies ORDER BY id LIMIT 200) AS m WHERE u.username = ANY ($1)
ON CONFLICT DO NOTHING
"""
EMPTY = "TRUNCATE favorite_movies"


def measure(stack: Stack, options: RunOptions) -> Iterator[Figure]:
    """Measures AddFavorite of movies that are not favorites yet, and the first page of 200 favorites."""
    database = _Database(stack.database_url)
    movie_ids = database.add_movies()
    # One user for each concurrent call.
    names = stack.add_users("keeper", CONNECTIONS)
    user_ids = [database.value("SELECT id FROM users WHERE username = $1", name) for name in names]
    add = WireRound(
        path=ADD_FAVORITE,
        requests=encoded([favorites_pb2.AddFavoriteRequest(movie_id=movie_id) for movie_id in movie_ids]),
        seconds=options.seconds(SECONDS),
        tokens=stack.sign_in(names),
    )
    listed = replace(add, path=LIST_FAVORITES, requests=encoded([favorites_pb2.ListFavoritesRequest(page_size=PAGE)]))
    sizes = (_reply_size(stack, add), 0)
    database.execute(EMPTY)
    database.execute(ADD_FAVORITES, names)
    database.execute(TABLE)
    sizes = (sizes[0], _reply_size(stack, listed))
    bare_of = bare_server(processes=PROCESSES, database_url=stack.database_url, user_ids=user_ids, reply_sizes=sizes)
    with other_server(stack, workers=PROCESSES) as server, bare_of as bare:
        pairs = _compare(server, bare, listed, LIST, options)
        yield from _figures(f"ListFavorites({PAGE})", "one query of ids", ">= 0.8", pairs)

        def empty_tables() -> None:
            database.execute(EMPTY)
            database.execute("TRUNCATE bare_favorites")

        pairs = _compare(server, bare, add, INSERT, options, before=empty_tables)
        yield from _figures("AddFavorite", "one INSERT", ">= 0.7", pairs)


def _figures(name: str, limit: str, goal: str, pairs: Sequence[tuple[RoundCost, RoundCost]]) -> Iterator[Figure]:
    rates = [(our.per_second / THOUSAND, other.per_second / THOUSAND) for our, other in pairs]
    yield Figure(f"{name}, rate: server / {limit}", rates, "thousand a second", goal)
    yield Figure(f"{name}, CPU: {limit} / server", [(other.cpu, our.cpu) for our, other in pairs], "ms a call", goal)


def _compare(
    server: Stack,
    bare: BareServer,
    calls: WireRound,
    bare_path: str,
    options: RunOptions,
    *,
    before: Callable[[], None] = lambda: None,
) -> Sequence[tuple[RoundCost, RoundCost]]:
    with (
        wire_client(Wire.GRPC, server.address, connections=CONNECTIONS) as client,
        wire_client(Wire.GRPC, bare.address, connections=CONNECTIONS) as bare_client,
    ):
        made = server_rounds(server, client, calls)
        bare_calls = replace(calls, path=bare_path, tokens=())

        def ours() -> RoundCost:
            before()
            return made()

        def limits() -> RoundCost:
            before()
            return measure_round(bare_client, bare_calls, lambda: cpu_seconds(bare.processes))

        for warm_up in (ours, limits):
            warm_up()
        return alternate(ours, limits, repeats=options.repeats(REPEATS))


def _reply_size(stack: Stack, calls: WireRound) -> int:
    metadata = (("authorization", f"Bearer {calls.tokens[0]}"),)
    with grpc.insecure_channel(stack.address) as channel:
        call: Any = channel.unary_unary(calls.path)
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
