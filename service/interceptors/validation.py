"""Validation: the constraints written in the protos, checked before any handler runs, all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import protovalidate
from google.protobuf.message import Message

from service.errors import FieldsInvalid, FieldViolation
from service.interceptors.chain import Call, Handler, Rpc

MAX_VIOLATIONS = 50


class ValidationInterceptor:
    """Refuses messages that break their buf.validate rules or that hold a NUL, which PostgreSQL cannot keep."""

    def __init__(self) -> None:
        self._validator = protovalidate.Validator()

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the check; streamed requests pass."""
        if rpc.request_streaming or rpc.is_infrastructure:
            return handler

        async def validated(request: Any, call: Call) -> Any:
            if isinstance(request, Message):
                violations = [*_nul_violations(request), *self._rule_violations(request)]
                if violations:
                    raise FieldsInvalid(violations[:MAX_VIOLATIONS])
            return await handler(request, call)

        return validated

    def _rule_violations(self, request: Message) -> list[FieldViolation]:
        return [
            FieldViolation(
                field=_path(violation.proto),
                rule=violation.proto.rule_id,
                description=violation.proto.message,
            )
            for violation in self._validator.collect_violations(request)
        ]


def _path(violation: Any) -> str:
    """Writes a protovalidate field path as `object.key` or `renditions[2].width`."""
    if not violation.field:
        return ""
    parts = []
    for element in violation.field.elements:
        subscript = element.subscript
        index = f"[{subscript.value}]" if subscript is not None else ""
        parts.append(element.field_name + index)
    return ".".join(parts)


def _nul_violations(message: Message, prefix: str = "") -> Iterator[FieldViolation]:
    """Finds NUL characters in every string, however deep."""
    for field, value in message.ListFields():
        path = prefix + field.name
        if field.type == field.TYPE_STRING:
            texts = value if field.is_repeated else (value,)
            if any("\0" in text for text in texts):
                yield FieldViolation(path, "string.no_nul", "must not contain the NUL character")
        elif field.type == field.TYPE_MESSAGE:
            # No request has a map; one that gets it will need its keys looked at, too.
            nested = ((f"{path}[{n}]", item) for n, item in enumerate(value)) if field.is_repeated else ((path, value),)
            for item_path, item in nested:
                yield from _nul_violations(item, f"{item_path}.")
