"""Load for servers that are faster than a client library: encoded requests, replayed over plain sockets.

One process makes tens of thousands of calls per second, with a tenth of the server's CPU. It parses only as much of
HTTP/2 and HTTP/1.1 as it needs to find the end of a response; a real client must check the contents. As a program, its
arguments are a protocol, an address and a number of connections; it runs rounds until standard input ends.
"""

from __future__ import annotations

import base64
import itertools
import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, cast

from benchmarks.figure import MeasurementFailed
from benchmarks.wires import Connection, GrpcConnection, Http1Connection

TIMEOUT = 20.0
READ_SIZE = 1 << 18


class Wire(StrEnum):
    """Protocol of a server."""

    GRPC = "grpc"
    HTTP1 = "http1"


@dataclass(frozen=True, kw_only=True)
class WireRound:
    """Requests and the duration of the calls."""

    path: str = ""
    """`/package.Service/Method`, for gRPC."""
    requests: Sequence[str]
    """In base64, sent in turn and repeated: gRPC messages, or complete HTTP/1.1 requests."""
    seconds: float
    in_flight: int = 1
    """Concurrent calls on each connection; 1 for HTTP/1.1."""
    tokens: Sequence[str] = ()
    """Access tokens for gRPC, one for each connection in turn. Without tokens, calls are anonymous."""


@dataclass(frozen=True)
class WireResults:
    """The results of the calls of a round."""

    calls: int
    failures: int
    seconds: float
    median: float
    """Median seconds of a call."""

    @property
    def per_second(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds

    def require_success(self) -> WireResults:
        """Returns these results; raises MeasurementFailed if there are none, or if a call failed."""
        if self.failures or not self.calls:
            raise MeasurementFailed(f"{self.failures} of {self.calls} calls were not answered as expected")
        return self


class WireClient:
    """A process that makes calls, over new connections for each round."""

    def __init__(self, wire: Wire, address: str, *, connections: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.wire_load", wire, address, str(connections)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._pipes = cast("Any", self._process)

    def run(self, calls: WireRound) -> WireResults:
        """Runs a round; raises MeasurementFailed if the server closes a connection."""
        self._pipes.stdin.write(json.dumps(asdict(calls)) + "\n")
        self._pipes.stdin.flush()
        line = self._pipes.stdout.readline()
        if not line:
            raise MeasurementFailed("a load client exited unexpectedly")
        return WireResults(**json.loads(line))

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def wire_client(wire: Wire, address: str, *, connections: int) -> Iterator[WireClient]:
    """Yields a client."""
    client = WireClient(wire, address, connections=connections)
    try:
        yield client
    finally:
        client.close()


def http1_requests(paths: Iterable[str]) -> list[str]:
    """Returns GET requests for a round."""
    template = "GET {} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"
    return [base64.b64encode(template.format(path).encode()).decode() for path in paths]


class _Socket:
    """A socket with its connection state and its requests."""

    def __init__(self, address: str, connection: Connection, requests: Iterator[bytes]) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self._requests = requests

    def begin(self, in_flight: int) -> None:
        """Starts `in_flight` calls."""
        self.socket.sendall(self.connection.opening() + self._calls(in_flight))

    def read(self, *, again: bool) -> int:
        """Reads available data and returns the number of ended calls. With `again`, each is followed by a new call."""
        data = self.socket.recv(READ_SIZE)
        if not data:
            raise MeasurementFailed("the server closed a connection")
        ended, back = self.connection.receive(data)
        if again:
            back += self._calls(ended)
        if back:
            self.socket.sendall(back)
        return ended

    def _calls(self, count: int) -> bytes:
        return b"".join([self.connection.call(next(self._requests)) for _ in range(count)])


def play(wire: Wire, address: str, connections: int, calls: WireRound) -> WireResults:
    """Runs one round: each connection has `in_flight` concurrent calls until the time is up, then waits for them."""
    requests = itertools.cycle([base64.b64decode(request) for request in calls.requests])
    with selectors.DefaultSelector() as selector, ExitStack() as sockets:
        lines = []
        callers = itertools.cycle([f"Bearer {token}" for token in calls.tokens] or [""])
        for caller in itertools.islice(callers, connections):
            connection = GrpcConnection(calls.path, authorization=caller) if wire is Wire.GRPC else Http1Connection()
            line = _Socket(address, connection, requests)
            sockets.callback(line.socket.close)
            selector.register(line.socket, selectors.EVENT_READ, line)
            lines.append(line)
        seconds = _exchange(lines, selector, calls)
    latencies = [latency for line in lines for latency in line.connection.latencies]
    failures = sum(line.connection.failures for line in lines)
    return WireResults(len(latencies), failures, seconds, statistics.median(latencies))


def _exchange(lines: Sequence[_Socket], selector: selectors.BaseSelector, calls: WireRound) -> float:
    began = time.perf_counter()
    for line in lines:
        line.begin(calls.in_flight)
    active = len(lines) * calls.in_flight
    while active:
        ready = selector.select(TIMEOUT)
        if not ready:
            raise MeasurementFailed(f"no answer within {TIMEOUT:.0f} seconds")
        again = time.perf_counter() - began < calls.seconds
        ended = sum(key.data.read(again=again) for key, _ in ready)
        active -= 0 if again else ended
    return time.perf_counter() - began


def main(wire: str, address: str, connections: str) -> None:
    """Runs rounds until standard input ends."""
    for line in sys.stdin:
        calls = WireRound(**json.loads(line))
        print(json.dumps(asdict(play(Wire(wire), address, int(connections), calls))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
