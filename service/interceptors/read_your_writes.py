"""Read-your-writes: a caller who changed the catalogue reads the new state from the same worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from service.auth.policy import MethodClass, rule_for
from service.interceptors.chain import Call, Handler, Rpc

WaitForOwnWrites: TypeAlias = Callable[[], Awaitable[None]]
"""Returns when this worker has processed the invalidations of everything that was committed before the call."""
SERVICES = ("marquee.catalog.v1.CatalogService", "marquee.media.v1.MediaService")
"""Services whose writes change cached responses."""


def read_your_writes(rpc: Rpc, handler: Handler, *, wait_for_own_writes: WaitForOwnWrites) -> Handler:
    """Delays the response of a write until this worker has dropped the cached responses that the write made stale."""
    is_write = rpc.service in SERVICES and rule_for(rpc.full_method).method_class is MethodClass.WRITE
    if not is_write or rpc.response_streaming:
        return handler

    async def delayed(request: Any, call: Call) -> Any:
        response = await handler(request, call)
        await wait_for_own_writes()
        return response

    return delayed
