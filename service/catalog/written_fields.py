"""What staff write, read out of a record's message field by field."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import Any

from google.protobuf.message import Message

from service.errors import FieldsInvalid, FieldViolation, invalid_field

Reader = Callable[[Any, str], Any]
"""Returns the value of the field so named; raises FieldsInvalid."""
Readers = Mapping[str, Reader]
"""Every field that is the caller's to write, and how it is read: what is not here cannot be written."""


def read_fields(message: Message, names: Collection[str], readers: Readers) -> dict[str, Any]:
    """Returns the values of these fields; raises FieldsInvalid, naming every bad field."""
    values: dict[str, Any] = {}
    violations: list[FieldViolation] = []
    for name in names:
        try:
            values[name] = readers[name](message, name)
        except FieldsInvalid as error:
            violations += error.violations
    if violations:
        raise FieldsInvalid(violations)
    return values


def path_of(message: Message, name: str) -> str:
    """Returns the path of a record's field in its requests, such as `person.first_name`."""
    return f"{message.DESCRIPTOR.name.lower()}.{name}"


def nfc(text: str) -> str:
    """Returns a text in Unicode's NFC form, so that what looks equal is equal; as it is where it would grow."""
    composed = unicodedata.normalize("NFC", text)
    # A few characters fall apart in NFC: the text could then be longer than the contract and its column admit.
    return composed if len(composed) <= len(text) else text


def text(message: Message, name: str) -> str:
    """Reads a text in NFC that may be empty."""
    return nfc(getattr(message, name))


def required_text(message: Message, name: str) -> str:
    """Reads a text in NFC that must not be blank."""
    value = text(message, name)
    if not value.strip():
        raise invalid_field(path_of(message, name), "string.not_blank", "must not be blank")
    return value


def known_text(message: Message, name: str) -> str | None:
    """Reads a text in NFC that is None when not known."""
    return nfc(getattr(message, name)) or None


def known(message: Message, name: str) -> Any:
    """Reads a value whose empty one stands for not known."""
    return getattr(message, name) or None
