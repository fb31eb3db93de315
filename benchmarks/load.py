"""Load from a process of its own: what calls must not share the interpreter of what measures.

Run as a program with an address, a number of connections and perhaps BEHIND, it reads a round a line from standard
input, makes the calls and writes what came of them as a line, until standard input ends. `LoadClient` is the caller.
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
from service.auth.hashing_child import go_behind_others

BEHIND = "behind"
TIMEOUT = 20.0
# What a worker whose queue is full asks its callers to wait, at least; gRPC's own retries spread them, too.
RETRY_AFTER = (1.0, 2.0)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What to call and for how long."""

    method: str
    """`/package.Service/Method`."""
    requests: Sequence[str]
    """Messages in base64, sent in turn and over again."""
    seconds: float
    once: bool = False
    """Ends the round when each request was sent, should that be sooner."""
    in_flight: int = 0
    """Callers that each make one call after the other."""
    per_second: float = 0.0
    """Calls begun at fixed times instead, whether or not earlier ones have ended."""
    drain: float = 1.0
    """Seconds that calls under way at the end are given; then they are cancelled, and count nowhere."""
    tokens: Sequence[str] = ()
    """Access tokens, each call's the next one; without any, calls are anonymous."""


@dataclass(frozen=True)
class Answers:
    """What came of a round's calls, in the order in which they ended."""

    ended: Sequence[float]
    """Seconds since the round began."""
    seconds: Sequence[float]
    codes: Sequence[str]

    def require(self, *codes: str) -> Answers:
        """Returns the same answers; raises MeasurementFailed for none, or for one with another code."""
        if not self.codes or not set(self.codes) <= set(codes):
            raise MeasurementFailed(f"{' or '.join(codes)} was expected, and this came: {dict(Counter(self.codes))}")
        return self


def encoded(messages: Iterable[Any]) -> list[str]:
    """Returns protobuf messages as a round has them."""
    return [base64.b64encode(message.SerializeToString()).decode() for message in messages]


class LoadClient:
    """A process that calls."""

    def __init__(self, address: str, *, connections: int, goes_behind: bool) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, address, str(connections), *([BEHIND] if goes_behind else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._pipes = cast("Any", self._process)
        self._read()

    def begin(self, calls: Round) -> None:
        """Begins a round."""
        self._pipes.stdin.write(json.dumps(asdict(calls)) + "\n")
        self._pipes.stdin.flush()

    def finish(self) -> Answers:
        """Waits for the end of the round and returns what came of it; raises MeasurementFailed."""
        return Answers(*self._read())

    def run(self, calls: Round) -> Answers:
        """Makes a whole round."""
        self.begin(calls)
        return self.finish()

    def close(self) -> None:
        """Ends the process, at once even in the middle of a round."""
        self._process.kill()
        self._process.communicate()

    def _read(self) -> Any:
        line = self._pipes.stdout.readline()
        if not line:
            raise MeasurementFailed("a client ended by itself")
        return json.loads(line)


@contextmanager
def load_client(address: str, *, connections: int, goes_behind: bool = False) -> Iterator[LoadClient]:
    """Gives a client whose connections all stand; one that goes behind leaves the machine to others."""
    client = LoadClient(address, connections=connections, goes_behind=goes_behind)
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
                await asyncio.sleep(random.uniform(*RETRY_AFTER))  # noqa: S311 - spreads load, keeps no secret
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
    # Else gRPC would lead all channels of a process over one connection, and so to one worker.
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(connections)]
    await asyncio.wait_for(asyncio.gather(*(channel.channel_ready() for channel in channels)), TIMEOUT)
    return channels


def main(address: str, connections: str, *options: str) -> None:
    """Answers rounds until standard input ends."""
    if BEHIND in options:
        go_behind_others()
    gc.disable()  # A collection here would look like a slow answer.
    with asyncio.Runner() as runner:
        channels = runner.run(_connect(address, int(connections)))
        print("[]", flush=True)
        for line in sys.stdin:
            calls = Round(**json.loads(line))
            print(json.dumps(runner.run(_Caller(calls, channels).make())), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
