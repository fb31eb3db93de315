"""Metrics: tells a hook each call's method, code and duration."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol

from service.interceptors.chain import Call, Handler, Rpc
from service.interceptors.outcome import code_of


class CallMetrics(Protocol):
    """Where figures about calls go."""

    def started(self, method: str) -> None:
        """A call began."""

    def ended(self, method: str, code: str, seconds: float) -> None:
        """A call ended with a canonical code's name."""

    def publish(self) -> None:
        """Shows what was reported until now; called at the end."""


class MetricsInterceptor:
    """Reports to the hook."""

    def __init__(self, metrics: CallMetrics) -> None:
        self._metrics = metrics

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the clock."""
        metrics, method = self._metrics, rpc.full_method

        async def measured(request: Any, call: Call) -> Any:
            started = time.perf_counter()
            metrics.started(method)
            code = "OK"
            try:
                return await handler(request, call)
            except (Exception, asyncio.CancelledError) as error:
                code = code_of(error)
                raise
            finally:
                metrics.ended(method, code, time.perf_counter() - started)

        return measured
