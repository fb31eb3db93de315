"""Access log: one line a call, with its method, code, duration and principal; never a body."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from service.call_log import CallLog
from service.interceptors.chain import Call, Handler, Rpc
from service.interceptors.outcome import code_of


class AccessLogInterceptor:
    """Logs each call when it has ended; infrastructure calls at debug level."""

    def __init__(self, call_log: CallLog) -> None:
        self._call_log = call_log

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the clock."""
        write = self._call_log.writer(rpc.full_method, quiet=rpc.is_infrastructure)

        async def logged(request: Any, call: Call) -> Any:
            started = time.perf_counter()
            code = "OK"
            try:
                return await handler(request, call)
            except (Exception, asyncio.CancelledError) as error:
                code = code_of(error)
                raise
            finally:
                write(code, round((time.perf_counter() - started) * 1000, 2), call.principal.subject or "-")

        return logged
