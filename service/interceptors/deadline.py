"""Deadlines: no call runs longer than the server allows, with or without a deadline of the client."""

from __future__ import annotations

import asyncio
from typing import Any

from service.errors import DeadlineExceeded
from service.interceptors.chain import Call, Handler, Rpc

CHECK_INTERVAL = 0.02
"""Seconds between two checks of all running calls. One timer for all calls costs a tenth of one timer per call."""


class CallTimedOut(DeadlineExceeded):
    """The call reached the deadline of its client or of the server."""


class DeadlineInterceptor:
    """Cancels the handler at the deadline of the client or of the server, whichever comes first."""

    def __init__(self, *, unary: float, stream: float) -> None:
        """`unary`, `stream`: the deadlines of the server in seconds."""
        self._unary = unary
        self._stream = stream
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._cancelled: set[asyncio.Task[Any]] = set()
        self._is_timer_running = False

    def __call__(self, rpc: Rpc, handler: Handler) -> Handler:
        """Limits the duration of the handler; health watches and reflection have no limit."""
        if rpc.is_infrastructure:
            return handler
        limit = self._stream if rpc.request_streaming or rpc.response_streaming else self._unary

        async def timed(request: Any, call: Call) -> Any:
            remaining = call.context.time_remaining()
            allowed = limit if remaining is None else min(limit, remaining)
            task = call.task
            self._add(task, allowed)
            try:
                return await handler(request, call)
            except asyncio.CancelledError as error:
                if task not in self._cancelled:
                    raise
                raise CallTimedOut(
                    f"the call was not done within {allowed:.3g} s; retry with a longer deadline or a smaller request"
                ) from error
            finally:
                self._remove(task)

        return timed

    def _add(self, task: asyncio.Task[Any], allowed: float) -> None:
        loop = task.get_loop()
        self._deadlines[task] = loop.time() + allowed
        if not self._is_timer_running:
            self._is_timer_running = True
            loop.call_later(CHECK_INTERVAL, self._cancel_expired, loop)

    def _remove(self, task: asyncio.Task[Any]) -> None:
        del self._deadlines[task]
        if self._cancelled and task in self._cancelled:
            self._cancelled.discard(task)
            # The cancellation ends here: the call continues with its error response.
            task.uncancel()

    def _cancel_expired(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, deadline in self._deadlines.items():
            if deadline <= now and task not in self._cancelled:
                self._cancelled.add(task)
                task.cancel()
        self._is_timer_running = bool(self._deadlines)
        if self._is_timer_running:
            loop.call_later(CHECK_INTERVAL, self._cancel_expired, loop)
