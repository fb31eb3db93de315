"""Limits: a worker refuses what it cannot take on, at once and with a hint, instead of growing a queue."""

from __future__ import annotations

from typing import Any

from service.errors import ResourceExhausted
from service.interceptors.chain import Call, Handler, Rpc


class TooManyCalls(ResourceExhausted):
    """The worker has as many calls of this class under way as it takes."""


class LimitsInterceptor:
    """Bounds the calls under way, unary ones and streams apart. Health checks always pass."""

    def __init__(self, *, unary: int, streams: int) -> None:
        self._limits = {"unary calls": unary, "streams": streams}
        self._under_way = {"unary calls": 0, "streams": 0}

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the count of its class."""
        if rpc.is_infrastructure:
            return handler
        name = "streams" if rpc.request_streaming or rpc.response_streaming else "unary calls"
        limit, under_way = self._limits[name], self._under_way

        async def limited(request: Any, call: Call) -> Any:
            if under_way[name] >= limit:
                raise TooManyCalls(
                    f"this worker has {limit} {name} under way; repeat soon", retry_after=0.5, quota=name
                )
            under_way[name] += 1
            try:
                return await handler(request, call)
            finally:
                under_way[name] -= 1

        return limited
