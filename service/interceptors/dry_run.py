"""Dry runs: a request with `validate_only` runs in a transaction that is rolled back (AIP-163)."""

from __future__ import annotations

from typing import Any

from service.database.orm import transaction
from service.interceptors.chain import Call, Handler, Rpc


class _Rollback(Exception):
    """Rolls back the transaction of a successful dry run and carries its response."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.response = response


def dry_run(rpc: Rpc, handler: Handler) -> Handler:
    """Answers requests that set `validate_only` with the response of the real call, and changes nothing."""
    if not rpc.has_request_field("validate_only"):
        return handler

    async def maybe_dry(request: Any, call: Call) -> Any:
        if not getattr(request, "validate_only", False):
            return await handler(request, call)
        try:
            async with transaction():
                raise _Rollback(await handler(request, call))  # noqa: TRY301 - rolls the transaction back
        except _Rollback as rollback:
            return rollback.response

    return maybe_dry
