"""Cost of the read path: the real server compared with bare handlers that return the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import asyncpg
import grpc
from marquee.catalog.v1 import catalog_pb2_grpc, movies_pb2

from benchmarks.bare_reads import BareServer, bare_server
from benchmarks.figure import MS, Figure, MeasurementFailed, RunOptions, alternate
from benchmarks.generated import add_movies
from benchmarks.load import encoded
from benchmarks.stack import Stack, cpu_seconds, other_server
from benchmarks.wire_load import Wire, WireClient, WireRound, wire_client
from service.catalog.service import MOVIES
from service.settings import Settings

SERVICE = "/marquee.catalog.v1.CatalogService/"
CATALOGUE = 201_000
"""Number of movies; enough for page 10,000 of 20 movies."""
HOT = 1_000
"""Number of movies that are read repeatedly."""
PAGE_SIZE = 20
WALKING_SIZE = 100
FAR_PAGE = 10_000
PROCESSES = 1
"""Processes of each server. With more, the processes would compete for the cores of a small machine."""
CONNECTIONS = 16
SECONDS = 2.0
REPEATS = 8
THOUSAND = 1000
PAGE_IDS = "SELECT movie_id FROM movie_genres WHERE genre_id = $1 ORDER BY popularity DESC, movie_id DESC LIMIT 20"


@dataclass(frozen=True)
class RoundCost:
    """Rate and CPU time of a round."""

    per_second: float
    cpu: float
    """CPU milliseconds of the server's processes for each call."""


@dataclass(frozen=True)
class Read:
    """One of our rpcs and the bare handler that limits it."""

    name: str
    goal: str
    method: str
    requests: Sequence[Any]
    reply: bytes
    statement: str = ""
    values: Sequence[Sequence[Any]] = ()
    """Parameters of the statement, used in turn."""


def measure(stack: Stack, options: RunOptions) -> Iterator[Figure]:
    """Measures hot and cold reads, lists by genre, and the 10,000th page compared with the first."""
    far_page = FAR_PAGE // 100 if options.is_quick else FAR_PAGE
    add_movies(stack.database_url, CATALOGUE * far_page // FAR_PAGE)
    movie_ids, genre_ids = popular(stack.database_url)
    with grpc.insecure_channel(stack.address) as channel:
        catalog = cast("Any", catalog_pb2_grpc.CatalogServiceStub(channel))
        gets = [movies_pb2.GetMovieRequest(id=movie_id) for movie_id in movie_ids]
        lists = [movies_pb2.ListMoviesRequest(genre_ids_any=[genre_id], page_size=PAGE_SIZE) for genre_id in genre_ids]
        got = catalog.GetMovie(gets[0]).SerializeToString()
        listed = catalog.ListMovies(lists[0])
        _require_page(stack.database_url, genre_ids[0], [movie.id for movie in listed.movies])
        far = _page_token(catalog, far_page)
    hot = Read("hot GetMovie", ">= 0.85", "GetMovie", gets, got)
    by_genre = Read(
        f"ListMovies of {PAGE_SIZE} in a genre",
        ">= 0.8",
        "ListMovies",
        lists,
        listed.SerializeToString(),
        PAGE_IDS,
        [[genre_id] for genre_id in genre_ids],
    )
    with other_server(stack, workers=PROCESSES) as with_cache:
        yield from _beside_limit(with_cache, hot, options, limit="bare unary")
        yield from _beside_limit(with_cache, by_genre, options, limit="bare query of the ids")
    cold = replace(hot, name="cold GetMovie", goal=">= 0.7", statement=MOVIES, values=[[[one]] for one in movie_ids])
    with other_server(stack, workers=PROCESSES, response_cache_bytes=0) as without_cache:
        yield from _beside_limit(without_cache, cold, options, limit="the same bare query")
    yield _page_depth(stack, far, far_page, options)


def server_rounds(stack: Stack, client: WireClient, calls: WireRound) -> Callable[[], RoundCost]:
    """Returns a function that runs a round of calls to our server."""
    return lambda: measure_round(client, calls, stack.cpu_seconds)


def measure_round(client: WireClient, calls: WireRound, used_cpu: Callable[[], float]) -> RoundCost:
    """Runs a round and returns its rate and the CPU time that the server used."""
    before = used_cpu()
    answers = client.run(calls).require_success()
    return RoundCost(answers.per_second, (used_cpu() - before) / answers.calls * MS)


def _beside_limit(stack: Stack, read: Read, options: RunOptions, *, limit: str) -> Iterator[Figure]:
    bare = bare_server(
        read.reply,
        workers=PROCESSES,
        database_url=stack.database_url,
        connections=Settings.model_fields["database_pool_size"].default,
        statement=read.statement,
        values=read.values,
    )
    with bare as other:
        yield from _compare(stack, other, read, options, limit=limit)


def _compare(stack: Stack, bare: BareServer, read: Read, options: RunOptions, *, limit: str) -> Iterator[Figure]:
    calls = WireRound(
        path=SERVICE + read.method, requests=encoded(read.requests), seconds=options.seconds(SECONDS), in_flight=1
    )
    bare_calls = replace(calls, path="/bare/Query" if read.statement else "/bare/Hot")
    with (
        wire_client(Wire.GRPC, stack.address, connections=CONNECTIONS) as client,
        wire_client(Wire.GRPC, bare.address, connections=CONNECTIONS) as bare_client,
    ):
        ours = server_rounds(stack, client, calls)

        def limits() -> RoundCost:
            return measure_round(bare_client, bare_calls, lambda: cpu_seconds(bare.processes))

        for warm_up in (ours, limits):
            warm_up()
        pairs = alternate(ours, limits, repeats=options.repeats(REPEATS))
    rates = [(our.per_second / THOUSAND, other.per_second / THOUSAND) for our, other in pairs]
    size = f"{len(read.reply):,} bytes"
    yield Figure(f"{read.name}, rate: server / {limit}", rates, "thousand a second", read.goal, size)
    cpu = [(other.cpu, our.cpu) for our, other in pairs]
    yield Figure(f"{read.name}, CPU: {limit} / server", cpu, "ms a call", read.goal)


def _page_depth(stack: Stack, token: str, page: int, options: RunOptions) -> Figure:
    first = movies_pb2.ListMoviesRequest(page_size=PAGE_SIZE)
    far = movies_pb2.ListMoviesRequest(page_size=PAGE_SIZE, page_token=token)

    def median(client: WireClient, request: movies_pb2.ListMoviesRequest) -> float:
        calls = WireRound(
            path=f"{SERVICE}ListMovies", requests=encoded([request]), seconds=options.seconds(SECONDS) / 2
        )
        return client.run(calls).require_success().median * MS

    with wire_client(Wire.GRPC, stack.address, connections=1) as client:
        for request in (far, first):
            median(client, request)
        pairs = alternate(lambda: median(client, far), lambda: median(client, first), repeats=options.repeats(REPEATS))
    return Figure(f"ListMovies, median latency: page {page:,} / page 1", pairs, "ms", "<= 1.2")


def _page_token(catalog: Any, page: int) -> str:
    """Returns the token of a page of PAGE_SIZE movies, after reading the pages before it in larger steps."""
    token = ""
    for _ in range((page - 1) * PAGE_SIZE // WALKING_SIZE):
        token = catalog.ListMovies(
            movies_pb2.ListMoviesRequest(page_size=WALKING_SIZE, page_token=token)
        ).next_page_token
    return token


def _require_page(database_url: str, genre_id: int, movie_ids: Sequence[int]) -> None:
    """Raises MeasurementFailed if the bare query and the server return different movies."""
    found = [row["movie_id"] for row in asyncio.run(_fetch(database_url, PAGE_IDS, genre_id))]
    if found != movie_ids:
        raise MeasurementFailed(f"the server lists {movie_ids}, the bare query {found}")


def popular(database_url: str) -> tuple[list[int], list[int]]:
    """Returns the ids of the most popular movies, and of the genres with more than one page of movies."""
    movies = asyncio.run(_fetch(database_url, "SELECT id FROM movies ORDER BY popularity DESC LIMIT $1", HOT))
    genres = asyncio.run(
        _fetch(database_url, "SELECT genre_id FROM movie_genres GROUP BY 1 HAVING count(*) > $1", PAGE_SIZE)
    )
    return [row["id"] for row in movies], [row["genre_id"] for row in genres]


async def _fetch(database_url: str, statement: str, *values: object) -> Sequence[Any]:
    connection = await asyncpg.connect(database_url)
    try:
        return cast("Sequence[Any]", await connection.fetch(statement, *values))
    finally:
        await connection.close()
