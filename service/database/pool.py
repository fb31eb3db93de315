"""Connection pool over asyncpg.

Replaces `asyncpg.Pool`, which spends a task, two timers and a queue on every statement. With 1, 8 and 32 tasks a read
by primary key takes a third to a half of the CPU time (`benchmarks/pool.py`). A cold GetMovie and an AddFavorite take a
tenth less (docs/performance.md, "Written for speed").
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

import asyncpg

from service.errors import Unavailable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
RETRY_SOON = 1.0
MAX_IDLE = 300.0
"""Seconds after which an unused connection is closed, before a firewall drops it silently."""
PROBE_TIMEOUT = 1.0
"""Seconds within which a connection must confirm that its last statement has ended."""
CONNECT_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # for example: no host of the URL has the role that the URL asks for
    OSError,
    TimeoutError,
)


class DatabaseBusy(Unavailable):
    """No connection of the pool became free in time."""


class DatabaseUnreachable(Unavailable):
    """PostgreSQL cannot be reached, does not answer, is starting or stopping, or has the wrong role."""


class ConnectionPool:
    """Opens up to `max_size` connections and lends each one to one caller at a time.

    A connection is lent only when it is open, outside of any transaction and idle: PostgreSQL has answered its last
    statement. The connection that was used last is lent first. Waiting callers are served in the order of their
    arrival, and get a returned connection directly.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        max_size: int,
        acquire_timeout: float,
        max_idle: float = MAX_IDLE,
    ) -> None:
        """Opens no connection yet; needs a running event loop. `acquire_timeout` and `max_idle` are in seconds."""
        self._connect = connect
        self._max_size = max_size
        self._acquire_timeout = acquire_timeout
        self._max_idle = max_idle
        self._connections: set[Connection] = set()
        self._idle: deque[tuple[Connection, float]] = deque()
        """Connections that nobody uses, the one used last at the end, each with the time of its return."""
        self._free_slots = max_size
        """Connections that may be opened in addition to those that are open or being opened."""
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._probes: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._close_unused()

    async def acquire(self) -> Connection:
        """Returns a connection, which the caller must give back with `release`.

        Raises DatabaseBusy when all connections stay in use for `acquire_timeout`, DatabaseUnreachable when none can
        be opened or the pool is closed.
        """
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._discard(connection)
        if self._is_closing:
            raise unreachable()
        try:
            async with asyncio.timeout(self._acquire_timeout):
                return await self._wait_or_open()
        except TimeoutError as error:
            raise (busy() if len(self._connections) == self._max_size else unreachable()) from error

    async def release(self, connection: Connection, *, is_answered: bool = False) -> None:
        """Takes a connection back.

        `is_answered` states that PostgreSQL has answered the last statement, with rows or with an error. Otherwise the
        connection is probed in the background before it is lent again. A connection within a transaction is closed.
        """
        if self._is_closing or connection.is_closed():
            self._discard(connection)
        elif not is_answered:
            probe = asyncio.create_task(self._probe(connection), name="connection probe")
            self._probes.add(probe)
            probe.add_done_callback(self._probes.discard)
        elif connection.is_in_transaction():
            self._discard(connection)
        else:
            self._pass_on(connection)

    async def close(self) -> None:
        """Closes every connection and waits until the last one has come back; waiting callers get an error."""
        self._begin_closing()
        while self._idle:
            connection, _ = self._idle.pop()
            with suppress(*CONNECT_ERRORS):
                await connection.close()
            self._discard(connection)
        await self._is_empty.wait()

    def terminate(self) -> None:
        """Cuts every connection at once, also those in use."""
        self._begin_closing()
        self._idle.clear()
        for connection in [*self._connections]:
            self._discard(connection)

    async def _wait_or_open(self) -> Connection:
        if self._free_slots:
            self._free_slots -= 1
            return await self._open()
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            connection = await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and waiter.exception() is None:
                # The connection and the cancellation came at the same moment.
                self._pass_on(waiter.result())
            raise
        return await self._open() if connection is None else connection

    async def _open(self) -> Connection:
        """Opens a connection in the slot that the caller has taken; frees the slot when that fails."""
        try:
            connection = await self._connect()
        except BaseException as error:
            self._pass_on(None)
            if isinstance(error, asyncpg.TooManyConnectionsError):
                raise busy() from error
            if isinstance(error, CONNECT_ERRORS):
                raise unreachable() from error
            raise
        self._connections.add(connection)
        self._is_empty.clear()
        return connection

    def _pass_on(self, connection: Connection | None) -> None:
        """Gives a connection, or for None a free slot, to the caller who has waited longest; else keeps it."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._free_slots += 1
        else:
            self._idle.append((connection, time.monotonic()))

    def _discard(self, connection: Connection) -> None:
        """Closes a connection for good, without waiting, and frees its slot."""
        connection.terminate()
        if connection in self._connections:
            self._connections.remove(connection)
            self._pass_on(None)
        if not self._connections:
            self._is_empty.set()

    async def _probe(self, connection: Connection) -> None:
        """Lends a connection again once it answers; closes it when it does not."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                # asyncpg first waits for the end of a statement that was cancelled. A late cancellation meets this one.
                await connection.execute("SELECT 1")
        except BaseException as error:
            self._discard(connection)
            if not isinstance(error, CONNECT_ERRORS):
                raise
        else:
            await self.release(connection, is_answered=True)

    def _close_unused(self) -> None:
        """Closes the connections that were not used lately, now and from now on regularly."""
        while self._idle and self._idle[0][1] < time.monotonic() - self._max_idle:
            connection, _ = self._idle.popleft()
            self._discard(connection)
        self._timer = asyncio.get_running_loop().call_later(self._max_idle / 5, self._close_unused)

    def _begin_closing(self) -> None:
        self._is_closing = True
        self._timer.cancel()
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(unreachable())


def is_unsent(error: BaseException) -> bool:
    """Returns whether asyncpg refused a statement before it sent anything, because the connection is lost.

    The statement may be repeated on another connection. A stopping PostgreSQL sends an error to idle connections.
    asyncpg then refuses every statement, but reports the connection as open until the socket is closed.
    """
    # The texts of asyncpg; these types have other meanings as well, and their subclasses quote values.
    text = str(error)
    if type(error) is asyncpg.InternalClientError:
        return "cannot switch to state" in text or text == "not connected"
    return type(error) is asyncpg.InterfaceError and "connection is closed" in text


def busy() -> DatabaseBusy:
    """Returns the error for a pool, or a PostgreSQL, without a free connection."""
    return DatabaseBusy("the database takes no more connections", retry_after=RETRY_SOON)


def unreachable() -> DatabaseUnreachable:
    """Returns the error for a PostgreSQL that cannot be reached."""
    return DatabaseUnreachable("the database cannot be reached", retry_after=RETRY_SOON)
