"""Bare read handlers: the upper limit for the speed of any service on grpc.aio and asyncpg.

A plain grpc.aio server without interceptors, whose handlers take bytes and return bytes. `Hot` returns a fixed
response; `Query` returns the same response after one query with a prepared statement. As a program, it reads
BareOptions as JSON and serves on a port that several processes share, until standard input ends.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, cast

import asyncpg
import grpc
import psutil

from benchmarks.figure import MeasurementFailed
from service.supervisor.ports import free_port

READY = "ready"


@dataclass(frozen=True, kw_only=True)
class BareOptions:
    """Port, response and query of a bare server."""

    port: int
    reply: str
    """The response in hexadecimal."""
    database_url: str = ""
    connections: int = 0
    """Database connections of each process."""
    statement: str = ""
    values: Sequence[Sequence[Any]] = ()
    """Parameters of the statement, used in turn."""


@dataclass(frozen=True)
class BareServer:
    """Bare server processes that share a port."""

    address: str
    processes: Sequence[psutil.Process]


@contextmanager
def bare_server(
    reply: bytes,
    *,
    workers: int,
    database_url: str = "",
    connections: int = 0,
    statement: str = "",
    values: Sequence[Sequence[Any]] = (),
) -> Iterator[BareServer]:
    """Yields a server of `workers` processes that return a response, after a query if there is a statement."""
    options = BareOptions(
        port=free_port(),
        reply=reply.hex(),
        database_url=database_url,
        connections=connections,
        statement=statement,
        values=values,
    )
    command = [sys.executable, "-m", "benchmarks.bare_reads"]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    processes = [cast("Any", subprocess.Popen(command, **pipes)) for _ in range(workers)]
    try:
        for process in processes:
            process.stdin.write(json.dumps(asdict(options)) + "\n")
            process.stdin.flush()
        for process in processes:
            if process.stdout.readline().strip() != READY:
                raise MeasurementFailed("a bare server did not start")
        yield BareServer(f"127.0.0.1:{options.port}", [psutil.Process(process.pid) for process in processes])
    finally:
        for process in processes:
            process.kill()
            process.communicate()


class BareReads(grpc.GenericRpcHandler):
    """`/bare/Hot` and `/bare/Query`."""

    def __init__(self, options: BareOptions, pool: asyncpg.Pool | None) -> None:
        self._reply = bytes.fromhex(options.reply)
        self._statement = options.statement
        self._values = itertools.cycle(options.values)
        self._pool = cast("Any", pool)
        self._handlers: dict[str, Any] = {
            "/bare/Hot": grpc.unary_unary_rpc_method_handler(self._hot),
            "/bare/Query": grpc.unary_unary_rpc_method_handler(self._query),
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Returns the handler of a method."""
        return self._handlers.get(handler_call_details.method)

    async def _hot(self, _request: bytes, _context: Any) -> bytes:
        return self._reply

    async def _query(self, _request: bytes, _context: Any) -> bytes:
        await self._pool.fetch(self._statement, *next(self._values))
        return self._reply


async def _serve(options: BareOptions) -> None:
    pool = None
    if options.statement:
        size = options.connections
        pool = await asyncpg.create_pool(options.database_url, min_size=size, max_size=size)
    server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
    server.add_generic_rpc_handlers((BareReads(options, pool),))
    server.add_insecure_port(f"127.0.0.1:{options.port}")
    await server.start()
    print(READY, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(_serve(BareOptions(**json.loads(sys.stdin.readline()))))
