"""Recording: a line in the access log and figures for the metrics hook about each call; never a body."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol

from service.interceptors.chain import Call, Handler, Rpc
from service.interceptors.errors import code_of
from service.observability.access_log import CallLog


class CallMetrics(Protocol):
    """Where figures about calls go."""

    def started(self, method: str) -> None:
        """A call began."""

    def ended(self, method: str, code: str, seconds: float) -> None:
        """A call ended with a canonical code's name."""

    def publish(self) -> None:
        """Shows what was reported until now; called at the end."""


class RecordingInterceptor:
    """Tells of each call when it has ended; infrastructure calls are logged at debug level."""

    def __init__(self, metrics: CallMetrics, call_log: CallLog) -> None:
        self._metrics = metrics
        self._call_log = call_log

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the clock."""
        metrics, method = self._metrics, rpc.full_method
        write = self._call_log.writer(method, quiet=rpc.is_infrastructure)

        async def recorded(request: Any, call: Call) -> Any:
            started = time.perf_counter()
            metrics.started(method)
            code = "OK"
            try:
                return await handler(request, call)
            except (Exception, asyncio.CancelledError) as error:
                code = code_of(error)
                raise
            finally:
                seconds = time.perf_counter() - started
                metrics.ended(method, code, seconds)
                write(code, seconds, call.principal.subject or "-")

        return recorded
