"""Validation: checks each request against the constraints in the protos and reports every broken rule at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cachetools import FIFOCache
from google.protobuf.message import Message

from service.api.validation import require_valid
from service.auth.policy import MethodClass, rule_for
from service.interceptors.chain import Call, Handler, Rpc

CACHE_SIZE = 2048
"""Valid requests of one rpc that are not checked again."""
MAX_CACHED_BYTES = 256
"""Longer requests are not cached."""


def validate_request(rpc: Rpc, handler: Handler) -> Handler:
    """Refuses requests that break a rule. Streamed requests are not checked."""
    if rpc.request_streaming or rpc.is_infrastructure:
        return handler
    is_read = rule_for(rpc.full_method).method_class is MethodClass.READ
    check = cached(require_valid) if is_read else require_valid

    async def validated(request: Any, call: Call) -> Any:
        # The innermost handler refuses a request that could not be decoded.
        if isinstance(request, Message):
            check(request)
        return await handler(request, call)

    return validated


def cached(check: Callable[[Message], None]) -> Callable[[Message], None]:
    """Returns a check that skips messages whose exact bytes were valid before.

    It is for reads only: they repeat and contain no secrets.
    """
    valid: FIFOCache[bytes, None] = FIFOCache(CACHE_SIZE)

    def check_uncached(message: Message) -> None:
        data = message.SerializeToString()
        if data in valid:
            return
        check(message)
        if len(data) <= MAX_CACHED_BYTES:
            valid[data] = None

    return check_uncached
