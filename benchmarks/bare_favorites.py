"""Bare grpc.aio handlers on asyncpg: the upper limit for the speed of favorites.

As a program, its arguments are an address, a database URL, user ids and response sizes. It serves two methods: one
INSERT, and one query of ids. No interceptors, no checks, no ORM; the responses are as large as the real ones.
"""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg
import grpc
import psutil
from marquee.favorites.v1 import favorites_pb2

from benchmarks.bare_reads import BareServer
from service.settings import Settings
from service.supervisor.ports import free_port

INSERT = "/bare.Favorites/Insert"
LIST = "/bare.Favorites/List"
POOL = Settings.model_fields["database_pool_size"].default
ROW = "INSERT INTO bare_favorites (user_id, movie_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING created_at"
IDS = "SELECT id, movie_id, created_at FROM favorite_movies WHERE user_id = $1 ORDER BY id DESC LIMIT 21"
# Like favorite_movies with its keys, indexes and references, but without our triggers.
TABLE = """
CREATE TABLE IF NOT EXISTS bare_favorites (
    LIKE favorite_movies INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (movie_id) REFERENCES movies
)
"""


@contextmanager
def bare_server(
    *, processes: int, database_url: str, user_ids: Sequence[int], reply_sizes: tuple[int, int]
) -> Iterator[BareServer]:
    """Yields a server of `processes` processes on one port; they end with the block."""
    address = f"127.0.0.1:{free_port()}"
    options = [address, database_url, ",".join(map(str, user_ids)), *map(str, reply_sizes)]
    command = [sys.executable, "-m", "benchmarks.bare_favorites", *options]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    try:
        for process in running:
            if process.stdout is not None:
                process.stdout.readline()
        yield BareServer(address, [psutil.Process(process.pid) for process in running])
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.communicate()


async def serve(address: str, database_url: str, user_ids: Sequence[int], reply_sizes: tuple[int, int]) -> None:
    """Serves until the process is terminated."""
    callers = itertools.cycle(user_ids)
    inserted, listed = (b"\0" * size for size in reply_sizes)
    async with asyncpg.create_pool(database_url, min_size=POOL, max_size=POOL) as pool:

        async def insert(request: bytes, _context: Any) -> bytes:
            asked = favorites_pb2.AddFavoriteRequest.FromString(request)
            await pool.fetch(ROW, next(callers), asked.movie_id)
            return inserted

        async def list_ids(_request: bytes, _context: Any) -> bytes:
            await pool.fetch(IDS, next(callers))
            return listed

        handlers: dict[str, Any] = {
            "Insert": grpc.unary_unary_rpc_method_handler(insert),
            "List": grpc.unary_unary_rpc_method_handler(list_ids),
        }
        server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bare.Favorites", handlers),))
        server.add_insecure_port(address)
        await server.start()
        print("ready", flush=True)
        await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(
        serve(sys.argv[1], sys.argv[2], [*map(int, sys.argv[3].split(","))], (int(sys.argv[4]), int(sys.argv[5])))
    )
