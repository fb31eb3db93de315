"""What knowing the caller costs: the same call with a token and without, in turns."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from marquee.catalog.v1 import catalog_pb2
from marquee.users.v1 import users_pb2

from benchmarks.figure import MS, Effort, Figure, in_turns
from benchmarks.load import LoadClient, Round, encoded, load_client
from benchmarks.stack import Stack

CONNECTIONS = 16
REPEATS = 20
SECONDS = 0.5
GET_JWKS = "/marquee.users.v1.UsersService/GetJwks"
GET_MOVIE = "/marquee.catalog.v1.CatalogService/GetMovie"


@dataclass(frozen=True)
class _Cost:
    """Of one call, in ms."""

    latency: float
    """The median of a round."""
    cpu: float
    """Of the workers."""


def measure(stack: Stack, effort: Effort) -> Iterator[Figure]:
    """Measures GetJwks, which does the same for whoever asks, and GetMovie, which tells a known caller more."""
    movies = [catalog_pb2.GetMovieRequest(id=movie_id) for movie_id in stack.movie_ids]
    with load_client(stack.address, connections=CONNECTIONS) as client:
        for method, requests, goal in (
            (GET_JWKS, encoded([users_pb2.GetJwksRequest()]), "<= 1.10"),
            (GET_MOVIE, encoded(movies), ""),
        ):
            calls = Round(method=method, requests=requests, seconds=effort.seconds(SECONDS), in_flight=CONNECTIONS)
            yield from _compare(stack, client, calls, goal=goal, repeats=effort.repeats(REPEATS))


def _compare(stack: Stack, client: LoadClient, calls: Round, *, goal: str, repeats: int) -> Iterator[Figure]:
    known = partial(_cost, stack, client, replace(calls, token=stack.token))
    anonymous = partial(_cost, stack, client, calls)
    for warm_up in (known, anonymous):
        warm_up()
    pairs = in_turns(known, anonymous, repeats=repeats)
    name = calls.method.rpartition("/")[2]
    latencies = [(one.latency, other.latency) for one, other in pairs]
    yield Figure(f"{name}, median latency: with a token / without", latencies, "ms", goal)
    cpu = [(one.cpu, other.cpu) for one, other in pairs]
    yield Figure(f"{name}, CPU of the workers: with a token / without", cpu, "ms")


def _cost(stack: Stack, client: LoadClient, calls: Round) -> _Cost:
    before = stack.cpu_seconds()
    latencies = client.run(calls).require("OK").seconds
    used = stack.cpu_seconds() - before
    return _Cost(statistics.median(latencies) * MS, used / len(latencies) * MS)
