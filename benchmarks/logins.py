"""How much of the processors goes into hashing: logins a second against bare verifications a second, in turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from marquee.users.v1 import users_pb2

from benchmarks.bare_argon2 import verify_for
from benchmarks.figure import MS, Effort, Figure, in_turns
from benchmarks.load import LoadClient, Round, encoded, load_client
from benchmarks.stack import PASSWORD, WORKERS, Stack

LOGIN = "/marquee.users.v1.UsersService/Login"
USERS = 64
CONNECTIONS = 16
IN_FLIGHT = 32
REPEATS = 4
SECONDS = 4.0


@dataclass(frozen=True)
class _Done:
    """What logins did."""

    per_second: float
    cpu_seconds: float
    """Of the workers, a login."""


def login_requests(names: Sequence[str]) -> list[str]:
    """Returns sign-ins of users, each with the right password."""
    return encoded([users_pb2.LoginRequest(login=name, password=PASSWORD) for name in names])


def measure(stack: Stack, effort: Effort) -> Iterator[Figure]:
    """Measures enough concurrent sign-ins of distinct users to keep every hashing thread busy."""
    calls = Round(
        method=LOGIN,
        requests=login_requests(stack.add_users("login", USERS)),
        seconds=effort.seconds(SECONDS),
        in_flight=IN_FLIGHT,
        # Long, so that all CPU spent has a login to show for it.
        drain=30.0,
    )
    bare = partial(verify_for, calls.seconds, processes=WORKERS, hashing=effort.hashing)
    with load_client(stack.address, connections=CONNECTIONS) as client:
        pairs = in_turns(partial(_log_in, stack, client, calls), bare, repeats=effort.repeats(REPEATS))
    rates = [(one.per_second, other.per_second) for one, other in pairs]
    yield Figure("rate: logins / bare verifications", rates, "a second", ">= 0.9")
    cpu = [(one.cpu_seconds * MS, other.cpu_seconds * MS) for one, other in pairs]
    yield Figure("CPU of the workers: a login / a bare verification", cpu, "ms")


def _log_in(stack: Stack, client: LoadClient, calls: Round) -> _Done:
    before = stack.cpu_seconds()
    ended = client.run(calls).require("OK").ended
    cpu_seconds = (stack.cpu_seconds() - before) / len(ended)
    # While every caller still called.
    steady = ended[: max(2, len(ended) - IN_FLIGHT)]
    return _Done((len(steady) - 1) / (steady[-1] - steady[0]), cpu_seconds)
