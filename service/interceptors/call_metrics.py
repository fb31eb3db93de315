"""Call metrics: one access log line and one metrics sample for each call, without the content of any message."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol

from service.interceptors.chain import Call, Handler, Rpc
from service.interceptors.errors import status_code_name
from service.observability.access_log import AccessLog


class CallMetrics(Protocol):
    """Receives the metrics of calls."""

    def call_started(self, method: str) -> None:
        """Counts a call that started."""

    def call_ended(self, method: str, code: str, seconds: float) -> None:
        """Counts a call that ended with the named canonical code."""

    def publish(self) -> None:
        """Publishes everything that was recorded; called when the server stops."""


def record_call_metrics(rpc: Rpc, handler: Handler, *, metrics: CallMetrics, access_log: AccessLog) -> Handler:
    """Records each call when it ends; health checks and reflection are logged at debug level."""
    method = rpc.full_method
    write = access_log.writer(method, quiet=rpc.is_infrastructure)

    async def recorded(request: Any, call: Call) -> Any:
        started = time.perf_counter()
        metrics.call_started(method)
        code = "OK"
        try:
            return await handler(request, call)
        except (Exception, asyncio.CancelledError) as error:
            code = status_code_name(error)
            raise
        finally:
            seconds = time.perf_counter() - started
            metrics.call_ended(method, code, seconds)
            write(code, seconds, call.principal.subject or "-")

    return recorded
