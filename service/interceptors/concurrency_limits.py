"""Concurrency limits: an overloaded worker refuses calls at once, with a hint to retry, instead of growing a queue."""

from __future__ import annotations

from typing import Any

from service.errors import ResourceExhausted
from service.interceptors.chain import Call, Handler, Rpc


class TooManyCalls(ResourceExhausted):
    """The worker already runs as many calls of this class as its limit allows."""


class ConcurrencyLimitInterceptor:
    """Limits the calls that run at the same time, unary calls and streams separately. Health checks always pass."""

    def __init__(self, *, unary: int, streams: int) -> None:
        self._limits = {"unary calls": unary, "streams": streams}
        self._active = {"unary calls": 0, "streams": 0}

    def __call__(self, rpc: Rpc, handler: Handler) -> Handler:
        """Counts the calls of the rpc and refuses them above the limit."""
        if rpc.is_infrastructure:
            return handler
        name = "streams" if rpc.request_streaming or rpc.response_streaming else "unary calls"
        limit, active = self._limits[name], self._active

        async def limited(request: Any, call: Call) -> Any:
            if active[name] >= limit:
                raise TooManyCalls(f"this worker already runs {limit} {name}; retry soon", retry_after=0.5, quota=name)
            active[name] += 1
            try:
                return await handler(request, call)
            finally:
                active[name] -= 1

        return limited
