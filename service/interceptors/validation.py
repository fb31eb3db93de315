"""Validation: the constraints written in the protos, checked before any handler runs, all of them at once."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from service.interceptors.chain import Call, Handler, Rpc
from service.validation import MessageRules


class ValidationInterceptor:
    """Refuses messages that break their rules."""

    def __init__(self) -> None:
        self._rules = MessageRules()

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the check; streamed requests pass."""
        if rpc.request_streaming or rpc.is_infrastructure:
            return handler
        require_valid = self._rules.require_valid

        async def validated(request: Any, call: Call) -> Any:
            # What could not be decoded is answered further in.
            if isinstance(request, Message):
                require_valid(request)
            return await handler(request, call)

        return validated
