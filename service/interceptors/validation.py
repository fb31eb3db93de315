"""Validation: the constraints written in the protos, checked before any handler runs, all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from service.api.validation import MessageRules
from service.auth.policy import MethodClass, rule_for
from service.interceptors.chain import Call, Handler, Rpc

REMEMBERED = 2048
"""Valid requests of an rpc that are not checked again; longer ones are not remembered."""
REMEMBERED_BYTES = 256


class ValidationInterceptor:
    """Refuses messages that break their rules."""

    def __init__(self) -> None:
        self._rules = MessageRules()

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the check; streamed requests pass."""
        if rpc.request_streaming or rpc.is_infrastructure:
            return handler
        require_valid: Callable[[Message], None] = self._rules.require_valid
        if rule_for(rpc.full_method).method_class is MethodClass.READ:
            require_valid = remembering(require_valid)

        async def validated(request: Any, call: Call) -> Any:
            # What could not be decoded is answered further in.
            if isinstance(request, Message):
                require_valid(request)
            return await handler(request, call)

        return validated


def remembering(require_valid: Callable[[Message], None]) -> Callable[[Message], None]:
    """Returns a check that lets a message pass whose very bytes were valid before.

    For reads alone: they come again, and hold no secrets.
    """
    valid: set[bytes] = set()

    def check(message: Message) -> None:
        data = message.SerializeToString()
        if data in valid:
            return
        require_valid(message)
        if len(data) <= REMEMBERED_BYTES:
            if len(valid) >= REMEMBERED:
                valid.clear()
            valid.add(data)

    return check
