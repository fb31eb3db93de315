"""Load for servers that are faster than a client library: encoded requests, replayed over bare sockets.

One process makes tens of thousands of calls a second, at a tenth of what they cost the server. It understands of
HTTP/2 and HTTP/1.1 what an answer's end takes and no more: what answers contain is for a proper client to check.
Run as a program with a protocol, an address and a number of connections, it answers rounds until standard input ends.
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
    """What a server speaks."""

    GRPC = "grpc"
    HTTP1 = "http1"


@dataclass(frozen=True, kw_only=True)
class WireRound:
    """What to call and for how long."""

    path: str = ""
    """`/package.Service/Method`, for gRPC."""
    requests: Sequence[str]
    """In base64, sent in turn and over again: messages of gRPC, whole requests of HTTP/1.1."""
    seconds: float
    in_flight: int = 1
    """Calls under way on each connection at all times; 1 for HTTP/1.1."""
    tokens: Sequence[str] = ()
    """Access tokens, one a connection in turn, for gRPC; none for anonymous calls."""


@dataclass(frozen=True)
class WireAnswers:
    """What came of a round's calls."""

    calls: int
    failures: int
    seconds: float
    median: float
    """Seconds of a call."""

    @property
    def per_second(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds

    def require_success(self) -> WireAnswers:
        """Returns the same answers; raises MeasurementFailed for none, or for a call that was refused."""
        if self.failures or not self.calls:
            raise MeasurementFailed(f"{self.failures} of {self.calls} calls were not answered as expected")
        return self


class WireClient:
    """A process that calls, over connections that are new for each round."""

    def __init__(self, wire: Wire, address: str, *, connections: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.wire_load", wire, address, str(connections)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._pipes = cast("Any", self._process)

    def run(self, calls: WireRound) -> WireAnswers:
        """Makes a round; raises MeasurementFailed when the server hangs up."""
        self._pipes.stdin.write(json.dumps(asdict(calls)) + "\n")
        self._pipes.stdin.flush()
        line = self._pipes.stdout.readline()
        if not line:
            raise MeasurementFailed("a client ended by itself")
        return WireAnswers(**json.loads(line))

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def wire_client(wire: Wire, address: str, *, connections: int) -> Iterator[WireClient]:
    """Gives a client."""
    client = WireClient(wire, address, connections=connections)
    try:
        yield client
    finally:
        client.close()


def http1_requests(paths: Iterable[str]) -> list[str]:
    """Returns GET requests as a round has them."""
    template = "GET {} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"
    return [base64.b64encode(template.format(path).encode()).decode() for path in paths]


class _Line:
    """A connection over a socket, and the requests that go over it."""

    def __init__(self, address: str, connection: Connection, requests: Iterator[bytes]) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self._requests = requests

    def begin(self, in_flight: int) -> None:
        """Begins so many calls."""
        self.socket.sendall(self.connection.opening() + self._calls(in_flight))

    def read(self, *, again: bool) -> int:
        """Reads what has arrived and returns how many calls ended with it, each followed by another or not."""
        data = self.socket.recv(READ_SIZE)
        if not data:
            raise MeasurementFailed("the server hung up")
        ended, back = self.connection.receive(data)
        if again:
            back += self._calls(ended)
        if back:
            self.socket.sendall(back)
        return ended

    def _calls(self, count: int) -> bytes:
        return b"".join([self.connection.call(next(self._requests)) for _ in range(count)])


def play(wire: Wire, address: str, connections: int, calls: WireRound) -> WireAnswers:
    """Makes one round: each connection has so many calls under way until the time is up, and then waits for them."""
    requests = itertools.cycle([base64.b64decode(request) for request in calls.requests])
    with selectors.DefaultSelector() as selector, ExitStack() as sockets:
        lines = []
        callers = itertools.cycle([f"Bearer {token}" for token in calls.tokens] or [""])
        for caller in itertools.islice(callers, connections):
            connection = GrpcConnection(calls.path, authorization=caller) if wire is Wire.GRPC else Http1Connection()
            line = _Line(address, connection, requests)
            sockets.callback(line.socket.close)
            selector.register(line.socket, selectors.EVENT_READ, line)
            lines.append(line)
        seconds = _exchange(lines, selector, calls)
    latencies = [latency for line in lines for latency in line.connection.latencies]
    failures = sum(line.connection.failures for line in lines)
    return WireAnswers(len(latencies), failures, seconds, statistics.median(latencies))


def _exchange(lines: Sequence[_Line], selector: selectors.BaseSelector, calls: WireRound) -> float:
    began = time.perf_counter()
    for line in lines:
        line.begin(calls.in_flight)
    under_way = len(lines) * calls.in_flight
    while under_way:
        ready = selector.select(TIMEOUT)
        if not ready:
            raise MeasurementFailed(f"no answer within {TIMEOUT:.0f} seconds")
        again = time.perf_counter() - began < calls.seconds
        ended = sum(key.data.read(again=again) for key, _ in ready)
        under_way -= 0 if again else ended
    return time.perf_counter() - began


def main(wire: str, address: str, connections: str) -> None:
    """Answers rounds until standard input ends."""
    for line in sys.stdin:
        calls = WireRound(**json.loads(line))
        print(json.dumps(asdict(play(Wire(wire), address, int(connections), calls))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
