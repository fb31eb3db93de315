"""Load from a separate process, so that the calls do not share an interpreter with the measurement.

As a program, its arguments are an address, a number of connections and, optionally, LOW_PRIORITY. It reads one round
per line from standard input, makes the calls and writes the results as one line, until standard input ends.
`LoadClient` starts this program.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import itertools
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, cast

import grpc

from benchmarks.figure import MeasurementFailed
from service.auth.hashing_child import lower_priority

LOW_PRIORITY = "low-priority"
TIMEOUT = 20.0
# Seconds. A worker with a full queue asks callers to wait at least one second; gRPC's own retries spread them as well.
RETRY_AFTER = (1.0, 2.0)


@dataclass(frozen=True, kw_only=True)
class Round:
    """A method, its requests and the duration of the calls."""

    method: str
    """`/package.Service/Method`."""
    requests: Sequence[str]
    """Messages in base64. They are sent in turn and repeated."""
    seconds: float
    once: bool = False
    """Ends the round early, after each request was sent once."""
    in_flight: int = 0
    """Number of callers; each makes one call after the other."""
    per_second: float = 0.0
    """Calls start at fixed times instead, also when earlier calls have not ended."""
    drain: float = 1.0
    """Seconds that calls may take after the end of the round. Then they are cancelled and not counted."""
    tokens: Sequence[str] = ()
    """Access tokens; each call uses the next one. Without tokens, calls are anonymous."""


@dataclass(frozen=True)
class CallResults:
    """The results of the calls of a round, in the order of their ends."""

    ended: Sequence[float]
    """Seconds from the start of the round to the end of the call."""
    seconds: Sequence[float]
    codes: Sequence[str]

    def require(self, *codes: str) -> CallResults:
        """Returns these results; raises MeasurementFailed if there are none, or if one has another code."""
        if not self.codes or not set(self.codes) <= set(codes):
            raise MeasurementFailed(
                f"{' or '.join(codes)} was expected, but the results are {dict(Counter(self.codes))}"
            )
        return self


def encoded(messages: Iterable[Any]) -> list[str]:
    """Returns protobuf messages as requests of a round."""
    return [base64.b64encode(message.SerializeToString()).decode() for message in messages]


class LoadClient:
    """A process that makes calls."""

    def __init__(self, address: str, *, connections: int, low_priority: bool) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, address, str(connections), *([LOW_PRIORITY] if low_priority else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._pipes = cast("Any", self._process)
        self._read()

    def begin(self, calls: Round) -> None:
        """Starts a round."""
        self._pipes.stdin.write(json.dumps(asdict(calls)) + "\n")
        self._pipes.stdin.flush()

    def finish(self) -> CallResults:
        """Waits for the end of the round and returns its results; raises MeasurementFailed."""
        return CallResults(*self._read())

    def run(self, calls: Round) -> CallResults:
        """Runs a round and returns its results."""
        self.begin(calls)
        return self.finish()

    def close(self) -> None:
        """Kills the process, also during a round."""
        self._process.kill()
        self._process.communicate()

    def _read(self) -> Any:
        line = self._pipes.stdout.readline()
        if not line:
            raise MeasurementFailed("a load client exited unexpectedly")
        return json.loads(line)


@contextmanager
def load_client(address: str, *, connections: int, low_priority: bool = False) -> Iterator[LoadClient]:
    """Yields a client with open connections. With `low_priority`, its process leaves CPU time to others."""
    client = LoadClient(address, connections=connections, low_priority=low_priority)
    try:
        yield client
    finally:
        client.close()


class _Caller:
    """Makes the calls of one round."""

    def __init__(self, calls: Round, channels: Sequence[grpc.aio.Channel]) -> None:
        self._calls = calls
        self._stubs: Iterator[Any] = itertools.cycle([channel.unary_unary(calls.method) for channel in channels])
        requests = [base64.b64decode(request) for request in calls.requests]
        self._requests = iter(requests) if calls.once else itertools.cycle(requests)
        self._metadata = itertools.cycle([(("authorization", f"Bearer {one}"),) for one in calls.tokens] or [()])
        self._answers: list[tuple[float, float, str]] = []

    async def make(self) -> list[Any]:
        self._began = time.perf_counter()
        if self._calls.per_second:
            under_way = [task async for task in self._paced()]
        else:
            under_way = [asyncio.create_task(self._repeat(next(self._stubs))) for _ in range(self._calls.in_flight)]
        _, late = await asyncio.wait(under_way, timeout=self._calls.seconds + self._calls.drain - self._elapsed())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return list(zip(*self._answers, strict=True)) or [[], [], []]

    async def _paced(self) -> Any:
        for number in range(int(self._calls.seconds * self._calls.per_second)):
            await asyncio.sleep(number / self._calls.per_second - self._elapsed())
            yield asyncio.create_task(self._call(next(self._stubs), next(self._requests)))

    async def _repeat(self, stub: Any) -> None:
        for request in self._requests:
            if await self._call(stub, request) == "RESOURCE_EXHAUSTED":
                await asyncio.sleep(random.uniform(*RETRY_AFTER))  # noqa: S311 - spreads load, protects no secret
            if self._elapsed() >= self._calls.seconds:
                return

    async def _call(self, stub: Any, request: bytes) -> str:
        started = time.perf_counter()
        code = "OK"
        try:
            await stub(request, metadata=next(self._metadata), timeout=TIMEOUT)
        except grpc.aio.AioRpcError as error:
            code = error.code().name
        self._answers.append((self._elapsed(), time.perf_counter() - started, code))
        return code

    def _elapsed(self) -> float:
        return time.perf_counter() - self._began


async def _connect(address: str, connections: int) -> list[grpc.aio.Channel]:
    # By default all channels of a process share one connection, and so reach only one worker.
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(connections)]
    await asyncio.wait_for(asyncio.gather(*(channel.channel_ready() for channel in channels)), TIMEOUT)
    return channels


def main(address: str, connections: str, *options: str) -> None:
    """Runs rounds until standard input ends."""
    if LOW_PRIORITY in options:
        lower_priority()
    gc.disable()  # A garbage collection here would look like a slow call.
    with asyncio.Runner() as runner:
        channels = runner.run(_connect(address, int(connections)))
        print("[]", flush=True)
        for line in sys.stdin:
            calls = Round(**json.loads(line))
            print(json.dumps(runner.run(_Caller(calls, channels).make())), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
