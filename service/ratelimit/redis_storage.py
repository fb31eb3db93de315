"""The store that all workers of all machines share, where one is configured: Redis, or Valkey by the same protocol.

Nothing that it holds is precious, so nobody waits for it: what needs it goes on without while it is away.
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
PAUSE = 1.0
"""Seconds between tries while the store is away."""
CONNECTIONS = 16
"""Of each worker; a command takes far below a millisecond."""


class SharedStoreUnavailable(Exception):
    """The store does not answer, or did not a moment ago."""


class SharedStore:
    """Counters in the shared store, and whether it can be reached."""

    def __init__(self, url: str, *, timeout: float) -> None:
        """Takes a URL with host and port, and the seconds that a caller waits.

        Raises ValueError when the client library is not installed or the URL has an option that it does not know.
        """
        self._timeout = timeout
        self._pool = _connection_pool(url)
        # The pool knows where the store is; the URL given here is taken apart and not used, and holds no secret.
        self._storage = RedisStorage(
            "async+redis://store:6379", implementation="redispy", key_prefix="marquee", connection_pool=self._pool
        )
        faults = cast("tuple[type[Exception], ...]", self._storage.base_exceptions)
        self._faults: tuple[type[Exception], ...] = (OSError, *faults)
        self._is_away = False
        self._next_try = 0.0

    @classmethod
    def from_settings(cls, settings: Settings) -> SharedStore | None:
        """Returns the store that the settings name, if they do; raises as the constructor does."""
        url = settings.shared_store_url.get_secret_value()
        return cls(url, timeout=settings.shared_store_timeout) if url else None

    async def ask(self, work: Callable[[RedisStorage], Awaitable[Result]]) -> Result:
        """Returns what `work` gets from the store; raises SharedStoreUnavailable when that takes too long.

        While the store is away one caller in PAUSE seconds tries it, and all others are told at once.
        """
        now = time.monotonic()
        if self._is_away:
            if now < self._next_try:
                raise SharedStoreUnavailable
            self._next_try = now + PAUSE
        try:
            async with asyncio.timeout(self._timeout):
                result = await work(self._storage)
        except self._faults as error:
            self._next_try = time.monotonic() + PAUSE
            self._tell(is_away=True, error=type(error).__name__)
            raise SharedStoreUnavailable from error
        self._tell(is_away=False)
        return result

    async def close(self) -> None:
        """Closes the connections."""
        await self._pool.disconnect()

    def _tell(self, *, is_away: bool, **fields: str) -> None:
        if is_away is not self._is_away:
            self._is_away = is_away
            log.warning("shared_store", away=is_away, **fields)


def _connection_pool(url: str) -> Any:
    try:
        from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415 - an extra, which most installations lack
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
    except ImportError as error:
        raise ValueError(
            "MARQUEE_SHARED_STORE_URL needs the package redis: install the extra `redis` of marquee-server"
        ) from error
    # One more try at once: after a restart of the store, the first command of every connection fails.
    retry = Retry(NoBackoff(), 1)
    pool = BlockingConnectionPool.from_url(_redis_url(url), max_connections=CONNECTIONS, timeout=None, retry=retry)
    try:
        pool.make_connection()  # type: ignore[no-untyped-call]
    except TypeError as error:
        raise ValueError("MARQUEE_SHARED_STORE_URL has an option that there is not") from error
    return pool


def _redis_url(url: str) -> str:
    scheme = urlsplit(url).scheme
    return url.replace(scheme, scheme.replace("valkey", "redis"), 1)
