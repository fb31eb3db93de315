"""Deadline: no call runs longer than the server allows, whatever deadline the client set or did not set."""

from __future__ import annotations

import asyncio
from typing import Any

from service.errors import DeadlineExceeded
from service.interceptors.chain import Call, Handler, Rpc

TICK = 0.02
"""Seconds between two looks at the calls under way: one timer for all costs a call a tenth of a timer of its own."""


class CallTimedOut(DeadlineExceeded):
    """The call ran into its client's deadline or the server's own."""


class DeadlineInterceptor:
    """Cancels the handler at the earlier of the client's and the server's deadline."""

    def __init__(self, *, unary: float, stream: float) -> None:
        """Takes the server's deadlines in seconds."""
        self._unary = unary
        self._stream = stream
        self._due: dict[asyncio.Task[Any], float] = {}
        self._cancelled: set[asyncio.Task[Any]] = set()
        self._is_looking = False

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with a timeout; health watches and reflection have none."""
        if rpc.is_infrastructure:
            return handler
        limit = self._stream if rpc.request_streaming or rpc.response_streaming else self._unary

        async def bounded(request: Any, call: Call) -> Any:
            remaining = call.context.time_remaining()
            allowed = limit if remaining is None else min(limit, remaining)
            task = call.task
            self._watch(task, allowed)
            try:
                return await handler(request, call)
            except asyncio.CancelledError as error:
                if task not in self._cancelled:
                    raise
                raise CallTimedOut(f"not done within {allowed:.3g} s") from error
            finally:
                self._forget(task)

        return bounded

    def _watch(self, task: asyncio.Task[Any], allowed: float) -> None:
        loop = task.get_loop()
        self._due[task] = loop.time() + allowed
        if not self._is_looking:
            self._is_looking = True
            loop.call_later(TICK, self._look, loop)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        del self._due[task]
        if self._cancelled and task in self._cancelled:
            self._cancelled.discard(task)
            # The cancelling ends here: what the call does from now on is its answer.
            task.uncancel()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, due in self._due.items():
            if due <= now and task not in self._cancelled:
                self._cancelled.add(task)
                task.cancel()
        self._is_looking = bool(self._due)
        if self._is_looking:
            loop.call_later(TICK, self._look, loop)
