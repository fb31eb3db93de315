"""Cost of authentication: the same call with a token and without."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from marquee.catalog.v1 import movies_pb2
from marquee.users.v1 import users_pb2

from benchmarks.figure import MS, Figure, RunOptions, alternate
from benchmarks.load import LoadClient, Round, encoded, load_client
from benchmarks.stack import Stack

CONNECTIONS = 16
SECONDS = 0.5
LATENCY_REPEATS = 16
CPU_REPEATS = 8


@dataclass(frozen=True, kw_only=True)
class _Rpc:
    method: str
    requests: Sequence[str]
    per_second: float
    """Low enough that no call waits for another."""
    goal: str = ""

    @property
    def name(self) -> str:
        return self.method.rpartition("/")[2]


def measure(stack: Stack, options: RunOptions) -> Iterator[Figure]:
    """Measures GetJwks, which does the same for every caller, and GetMovie, which does more for a known caller."""
    get_jwks = _Rpc(
        method="/marquee.users.v1.UsersService/GetJwks",
        requests=encoded([users_pb2.GetJwksRequest()]),
        per_second=400,
        goal="<= 1.10",
    )
    get_movie = _Rpc(
        method="/marquee.catalog.v1.CatalogService/GetMovie",
        requests=encoded([movies_pb2.GetMovieRequest(id=movie_id) for movie_id in stack.movie_ids]),
        per_second=100,
    )
    with load_client(stack.address, connections=CONNECTIONS) as client:
        for rpc in (get_jwks, get_movie):
            calls = Round(method=rpc.method, requests=rpc.requests, seconds=options.seconds(SECONDS))
            paced = replace(calls, per_second=rpc.per_second)
            latencies = _compare(stack, paced, lambda calls: _latency(client, calls), options.repeats(LATENCY_REPEATS))
            yield Figure(f"{rpc.name}, median latency: with a token / without", latencies, "ms", rpc.goal)
            # Full load, so that the server spends almost all its CPU on calls.
            busy = replace(calls, in_flight=CONNECTIONS)
            cpu = _compare(stack, busy, lambda calls: _cpu(stack, client, calls), options.repeats(CPU_REPEATS))
            yield Figure(f"{rpc.name}, CPU of the workers: with a token / without", cpu, "ms a call")


def _compare(stack: Stack, calls: Round, cost: Callable[[Round], float], repeats: int) -> list[tuple[float, float]]:
    with_token = replace(calls, tokens=[stack.token])
    for warm_up in (with_token, calls):
        cost(warm_up)
    return alternate(lambda: cost(with_token), lambda: cost(calls), repeats=repeats)


def _latency(client: LoadClient, calls: Round) -> float:
    return statistics.median(client.run(calls).require("OK").seconds) * MS


def _cpu(stack: Stack, client: LoadClient, calls: Round) -> float:
    before = stack.cpu_seconds()
    count = len(client.run(calls).require("OK").codes)
    return (stack.cpu_seconds() - before) / count * MS
