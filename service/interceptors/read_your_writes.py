"""Settling: who wrote to the catalogue reads it back from the same worker as it now is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from service.auth.policy import MethodClass, rule_for
from service.interceptors.chain import Call, Handler, Rpc

Settle: TypeAlias = Callable[[], Awaitable[None]]
WRITERS = ("marquee.catalog.v1.CatalogService", "marquee.media.v1.MediaService")
"""Services whose writes show in kept replies."""


class SettlingInterceptor:
    """Holds the answer of a write back until this worker has forgotten the replies from before it."""

    def __init__(self, settle: Settle) -> None:
        """`settle` returns when what was committed has been heard here."""
        self._settle = settle

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds writes with the wait, after their commit."""
        writes = rpc.service in WRITERS and rule_for(rpc.full_method).method_class is MethodClass.WRITE
        if not writes or rpc.response_streaming:
            return handler
        settle = self._settle

        async def settled(request: Any, call: Call) -> Any:
            response = await handler(request, call)
            await settle()
            return response

        return settled
