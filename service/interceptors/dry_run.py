"""Dry runs: `validate_only` does everything within a transaction and undoes it (AIP-163)."""

from __future__ import annotations

from typing import Any

from service.database.orm import transaction
from service.interceptors.chain import Call, Handler, Rpc


class _Undone(Exception):
    """Ends the transaction of a dry run that went well; carries its response."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.response = response


class DryRunInterceptor:
    """Answers a request that has `validate_only` as if it was carried out, and leaves nothing of it."""

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler of a unary rpc with a transaction that never commits, when the request asks for it."""
        if not rpc.takes("validate_only"):
            return handler

        async def dry(request: Any, call: Call) -> Any:
            if not getattr(request, "validate_only", False):
                return await handler(request, call)
            try:
                async with transaction():
                    raise _Undone(await handler(request, call))  # noqa: TRY301 - what makes the transaction roll back
            except _Undone as undone:
                return undone.response

        return dry
