"""Access log: one line a call, with its method, code, duration and principal; never a body."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import structlog

from service.interceptors.chain import Call, Handler, Rpc
from service.interceptors.outcome import code_of

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class AccessLogInterceptor:
    """Logs each call when it has ended; infrastructure calls at debug level."""

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the clock."""
        write = log.debug if rpc.is_infrastructure else log.info

        async def logged(request: Any, call: Call) -> Any:
            started = time.perf_counter()
            code = "OK"
            try:
                return await handler(request, call)
            except (Exception, asyncio.CancelledError) as error:
                code = code_of(error)
                raise
            finally:
                write(
                    "rpc",
                    method=rpc.full_method,
                    code=code,
                    ms=round((time.perf_counter() - started) * 1000, 2),
                    principal=call.principal.subject or "-",
                )

        return logged
