"""Share of the CPU that logins spend on hashing: logins per second compared with bare verifications per second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from marquee.users.v1 import users_pb2

from benchmarks.bare_argon2 import verify_for
from benchmarks.figure import MS, Figure, RunOptions, alternate
from benchmarks.load import LoadClient, Round, encoded, load_client
from benchmarks.stack import PASSWORD, WORKERS, Stack

LOGIN = "/marquee.users.v1.UsersService/Login"
USERS = 64
CONNECTIONS = 16
IN_FLIGHT = 32
REPEATS = 4
SECONDS = 4.0


@dataclass(frozen=True)
class _LoginRate:
    """Rate and CPU time of logins."""

    per_second: float
    cpu_seconds: float
    """CPU seconds of the workers per login."""


def login_requests(names: Sequence[str]) -> list[str]:
    """Returns login requests with the correct password."""
    return encoded([users_pb2.LoginRequest(login=name, password=PASSWORD) for name in names])


def measure(stack: Stack, options: RunOptions) -> Iterator[Figure]:
    """Measures concurrent logins of different users, enough to keep every hashing thread busy."""
    calls = Round(
        method=LOGIN,
        requests=login_requests(stack.add_users("login", USERS)),
        seconds=options.seconds(SECONDS),
        in_flight=IN_FLIGHT,
        # Long, so that every login that used CPU also ends and counts.
        drain=30.0,
    )
    bare = partial(verify_for, calls.seconds, processes=WORKERS, hashing=options.hashing)
    with load_client(stack.address, connections=CONNECTIONS) as client:
        pairs = alternate(partial(_log_in, stack, client, calls), bare, repeats=options.repeats(REPEATS))
    rates = [(one.per_second, other.per_second) for one, other in pairs]
    yield Figure("rate: logins / bare verifications", rates, "a second", ">= 0.9")
    cpu = [(one.cpu_seconds * MS, other.cpu_seconds * MS) for one, other in pairs]
    yield Figure("CPU of the workers: a login / a bare verification", cpu, "ms")


def _log_in(stack: Stack, client: LoadClient, calls: Round) -> _LoginRate:
    before = stack.cpu_seconds()
    ended = client.run(calls).require("OK").ended
    cpu_seconds = (stack.cpu_seconds() - before) / len(ended)
    # Only the time in which all callers were active.
    steady = ended[: max(2, len(ended) - IN_FLIGHT)]
    return _LoginRate((len(steady) - 1) / (steady[-1] - steady[0]), cpu_seconds)
