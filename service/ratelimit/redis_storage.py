"""Redis storage: the optional store that the workers of all machines share; Valkey speaks the same protocol.

It holds only counts. No call waits for it longer than its timeout: while it is unavailable, its users continue without.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from limits.aio.storage import RedisStorage

from service.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
Result = TypeVar("Result")
RETRY_INTERVAL = 1.0
"""Seconds between two attempts to reach an unavailable store."""
CONNECTIONS = 16
"""Connections of each worker; a command takes far less than a millisecond."""


class SharedStoreUnavailable(Exception):
    """The store does not answer, or did not answer less than RETRY_INTERVAL ago."""


class SharedStore:
    """The shared store and its availability."""

    def __init__(self, url: str, *, timeout: float) -> None:
        """`url` has a host and a port; `timeout` is the number of seconds that a caller waits at most.

        Raises ValueError if the client library is not installed or does not know an option of the URL.
        """
        self._timeout = timeout
        self._pool = _connection_pool(url)
        # The pool has the address of the store. The library parses this URL, but does not use it; it holds no secret.
        self._storage = RedisStorage(
            "async+redis://store:6379", implementation="redispy", key_prefix="marquee", connection_pool=self._pool
        )
        errors = cast("tuple[type[Exception], ...]", self._storage.base_exceptions)
        self._errors: tuple[type[Exception], ...] = (OSError, *errors)
        self._is_available = True
        self._next_attempt = 0.0

    @classmethod
    def from_settings(cls, settings: Settings) -> SharedStore | None:
        """Returns the store of the settings, or None without one; raises as the constructor does."""
        url = settings.shared_store_url.get_secret_value()
        return cls(url, timeout=settings.shared_store_timeout) if url else None

    async def run(self, work: Callable[[RedisStorage], Awaitable[Result]]) -> Result:
        """Returns the result of `work`; raises SharedStoreUnavailable if the store fails or exceeds the timeout.

        While the store is unavailable, one call in RETRY_INTERVAL seconds tries it; all others fail at once.
        """
        now = time.monotonic()
        if not self._is_available:
            if now < self._next_attempt:
                raise SharedStoreUnavailable
            self._next_attempt = now + RETRY_INTERVAL
        try:
            async with asyncio.timeout(self._timeout):
                result = await work(self._storage)
        except self._errors as error:
            self._next_attempt = time.monotonic() + RETRY_INTERVAL
            if self._is_available:
                self._is_available = False
                log.warning("shared_store.disconnected", error=type(error).__name__)
            raise SharedStoreUnavailable from error
        if not self._is_available:
            self._is_available = True
            log.warning("shared_store.reconnected")
        return result

    async def close(self) -> None:
        """Closes the connections."""
        await self._pool.disconnect()


def _connection_pool(url: str) -> Any:
    try:
        from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415 - an optional extra
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
    except ImportError as error:
        raise ValueError("MARQUEE_SHARED_STORE_URL needs the extra: pip install 'marquee-server[redis]'") from error
    # Retries once at once: after a restart of the store, the first command of every connection fails.
    retry = Retry(NoBackoff(), 1)
    pool = BlockingConnectionPool.from_url(_redis_url(url), max_connections=CONNECTIONS, timeout=None, retry=retry)
    try:
        pool.make_connection()  # type: ignore[no-untyped-call]
    except TypeError as error:
        raise ValueError("MARQUEE_SHARED_STORE_URL has an unknown option; remove it") from error
    return pool


def _redis_url(url: str) -> str:
    scheme = urlsplit(url).scheme
    return url.replace(scheme, scheme.replace("valkey", "redis"), 1)
