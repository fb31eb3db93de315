"""Timing of refused logins: it must not show whether the password, the name or the account was wrong."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Sequence

from marquee.users.v1 import users_pb2

from benchmarks.figure import MS, Figure, RunOptions
from benchmarks.load import Round, encoded, load_client
from benchmarks.logins import LOGIN
from benchmarks.stack import PASSWORD, Stack

ATTEMPTS = 108
"""Attempts of each kind, each with another name, like an attacker who searches for names."""
PARTS = 4
"""Number of groups of attempts; each group has its own ratio."""
WRONG, UNKNOWN, DEACTIVATED = "wrong password", "unknown name", "deactivated account"
MAX_SECONDS = 90.0


def measure(stack: Stack, options: RunOptions) -> Iterator[Figure]:
    """Measures one attempt after the other on one connection; all orders of the kinds occur equally often."""
    count = round(options.seconds(ATTEMPTS))
    attempts = {
        WRONG: _attempts(stack.add_users("known", count), "not " + PASSWORD),
        UNKNOWN: _attempts([f"nobody{number}" for number in range(count)], PASSWORD),
        DEACTIVATED: _attempts(stack.add_users("former", count, is_active=False), PASSWORD),
    }
    orders = itertools.cycle(itertools.permutations(attempts))
    kinds = [kind for order in itertools.islice(orders, count) for kind in order]
    requests = [attempts[kind].pop() for kind in kinds]
    with load_client(stack.address, connections=1) as client:
        calls = Round(method=LOGIN, requests=requests, once=True, in_flight=1, seconds=MAX_SECONDS)
        answers = client.run(calls).require("UNAUTHENTICATED")
    times: dict[str, list[float]] = {kind: [] for kind in attempts}
    # There are fewer results than attempts if the time was not enough.
    for kind, seconds in zip(kinds, answers.seconds, strict=False):
        times[kind].append(seconds * MS)
    for kind in (UNKNOWN, DEACTIVATED):
        yield _compare(kind, times[kind], times[WRONG])


def _compare(kind: str, theirs: Sequence[float], known: Sequence[float]) -> Figure:
    first, _, third = statistics.quantiles(known, n=4)
    difference = statistics.median(theirs) - statistics.median(known)
    return Figure(
        f"refused login, median latency: {kind} / {WRONG}",
        list(zip(_medians(theirs), _medians(known), strict=True)),
        "ms",
        remark=f"difference {difference:+.2f} ms; the middle half spans {third - first:.2f} ms",
    )


def _attempts(names: Sequence[str], password: str) -> list[str]:
    return encoded([users_pb2.LoginRequest(login=name, password=password) for name in names])


def _medians(times: Sequence[float]) -> list[float]:
    size = len(times) // PARTS
    return [statistics.median(times[start : start + size]) for start in range(0, size * PARTS, size)]
