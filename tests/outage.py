"""A PostgreSQL that tests may stop, and servers in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from service.local.postgres import EmbeddedPostgres
from service.media.storage import S3UploadStorage
from service.observability.metrics import PrometheusMetrics
from service.server.application import MarqueeServer
from service.settings import Settings
from tests.client import Client
from tests.conftest import NOT_DURABLE


@contextmanager
def own_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """Yields a started PostgreSQL that only the caller uses."""
    server = EmbeddedPostgres(
        folder / "data", log_file=folder / "log", parameters={**NOT_DURABLE, "shared_buffers": "16MB"}
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class Served:
    """A server under test."""

    server: MarqueeServer
    channel: grpc.aio.Channel
    client: Client
    address: str


@asynccontextmanager
async def served(settings: Settings, storage: S3UploadStorage) -> AsyncIterator[Served]:
    """Yields a complete server in this process and a channel to it."""
    server = MarqueeServer(settings, metrics=PrometheusMetrics(), storage=storage)
    address = f"127.0.0.1:{await server.start()}"
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            yield Served(server, channel, Client(channel, settings), address)
    finally:
        await server.stop(1.0)


async def seconds_until(condition: Callable[[], Awaitable[bool]], *, within: float = 20.0) -> float:
    """Waits until a condition holds and returns the seconds; fails after `within` seconds."""
    start = time.monotonic()
    while not await condition():
        assert time.monotonic() - start < within, "the condition was not met in time"
        await asyncio.sleep(0.02)
    return time.monotonic() - start
