"""Deadline: no call runs longer than the server allows, whatever deadline the client set or did not set."""

from __future__ import annotations

import asyncio
from typing import Any

from service.errors import DeadlineExceeded
from service.interceptors.chain import Call, Handler, Rpc


class CallTimedOut(DeadlineExceeded):
    """The call ran into its client's deadline or the server's own."""


class DeadlineInterceptor:
    """Cancels the handler at the earlier of the client's and the server's deadline."""

    def __init__(self, *, unary: float, stream: float) -> None:
        """Takes the server's deadlines in seconds."""
        self._unary = unary
        self._stream = stream

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with a timeout; health watches and reflection have none."""
        if rpc.is_infrastructure:
            return handler
        limit = self._stream if rpc.request_streaming or rpc.response_streaming else self._unary

        async def bounded(request: Any, call: Call) -> Any:
            remaining = call.context.time_remaining()
            allowed = limit if remaining is None else min(limit, remaining)
            try:
                async with asyncio.timeout(allowed) as timer:
                    return await handler(request, call)
            except TimeoutError as error:
                if not timer.expired():
                    raise
                raise CallTimedOut(f"not done within {allowed:.3g} s") from error

        return bounded
