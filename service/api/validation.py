"""Checks messages against the buf.validate annotations of the protos, and for NUL, which PostgreSQL cannot store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from service.errors import FieldsInvalid, FieldViolation

MAX_VIOLATIONS = 50
_validator = protovalidate.Validator()


def require_valid(message: Message) -> None:
    """Raises FieldsInvalid, naming every field that breaks a rule or contains a NUL character.

    The rules of a message type are compiled at its first use.
    """
    # Without a zero byte there is no NUL to search for, and most messages have none.
    violations = [*_nul_violations(message)] if b"\0" in message.SerializeToString() else []
    violations += _rule_violations(message)
    if violations:
        raise FieldsInvalid(violations[:MAX_VIOLATIONS])


def _rule_violations(message: Message) -> list[FieldViolation]:
    return [
        FieldViolation(
            field=_path(violation.proto),
            rule=violation.proto.rule_id,
            description=violation.proto.message,
        )
        for violation in _validator.collect_violations(message)
    ]


def _path(violation: Any) -> str:
    """Returns a protovalidate field path as `object.key` or `renditions[2].width`."""
    if not violation.field:
        return ""
    parts = []
    for element in violation.field.elements:
        subscript = element.subscript
        index = f"[{subscript.value}]" if subscript is not None else ""
        parts.append(element.field_name + index)
    return ".".join(parts)


def _nul_violations(message: Message, prefix: str = "") -> Iterator[FieldViolation]:
    """Finds NUL characters in all strings of a message, at any depth, also in the keys of maps."""
    for field, value in message.ListFields():
        path = prefix + field.name
        texts, messages = _parts(field, value, path)
        if any("\0" in text for text in texts):
            yield FieldViolation(path, "string.no_nul", "must not contain the NUL character")
        for nested_path, nested in messages:
            yield from _nul_violations(nested, f"{nested_path}.")


def _parts(field: FieldDescriptor, value: Any, path: str) -> tuple[Iterable[str], Iterable[tuple[str, Message]]]:
    """Returns the strings of a field and its messages with their paths."""
    if field.type == field.TYPE_STRING:
        return value if field.is_repeated else (value,), ()
    if field.message_type is None:
        return (), ()
    if field.message_type.GetOptions().map_entry:
        values = [(f"{path}[{key}]", item) for key, item in value.items()]
        strings = [part for pair in value.items() for part in pair if isinstance(part, str)]
        return strings, [pair for pair in values if isinstance(pair[1], Message)]
    return (), ((f"{path}[{n}]", item) for n, item in enumerate(value)) if field.is_repeated else ((path, value),)
