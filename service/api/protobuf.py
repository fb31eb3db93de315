"""Conversions between Python values and protobuf: well-known types, fields to write, serialized messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, TypeAlias, TypeVar, cast

from google.protobuf import field_mask_pb2, json_format, struct_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2

from service.api.text import nfc
from service.errors import FieldsInvalid, FieldViolation, invalid_field

M = TypeVar("M", bound=Message)
LENGTH_DELIMITED = 2
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS_OF_DAY = 86_400
MONEY = re.compile(r"[0-9]{1,19}(\.[0-9]{1,2})?")
"""The non-negative values of numeric(21, 2), without an exponent."""
FieldReader: TypeAlias = Callable[[Any, str], Any]
"""Returns the value of one field of a message, given its name; raises FieldsInvalid."""
FieldReaders: TypeAlias = Mapping[str, FieldReader]
"""A reader for every field that a caller may write."""


def timestamp(value: datetime) -> Timestamp:
    """Converts an aware datetime."""
    since = value - EPOCH
    return Timestamp(seconds=since.days * SECONDS_OF_DAY + since.seconds, nanos=since.microseconds * 1000)


def to_date(value: date) -> date_pb2.Date:
    """Converts a date."""
    return date_pb2.Date(year=value.year, month=value.month, day=value.day)


def to_decimal(value: Decimal) -> decimal_pb2.Decimal:
    """Converts a decimal exactly, without an exponent."""
    return decimal_pb2.Decimal(value=format(value, "f"))


def from_timestamp(message: Timestamp, *, field: str) -> datetime:
    """Returns an aware datetime; raises FieldsInvalid for a value outside the range of a Timestamp."""
    try:
        return message.ToDatetime(tzinfo=UTC)
    except ValueError as error:
        raise invalid_field(field, "timestamp.range", "must be in the years 1 to 9999") from error


def from_date(message: date_pb2.Date, *, field: str) -> date:
    """Returns a date; raises FieldsInvalid if a part is missing or there is no such date."""
    try:
        return date(message.year, message.month, message.day)
    except ValueError as error:
        raise invalid_field(field, "date.whole", "must be a calendar date with year, month and day") from error


def from_money(message: decimal_pb2.Decimal, *, field: str) -> Decimal:
    """Returns an amount with up to 19 digits and two decimals; raises FieldsInvalid for anything else."""
    if not MONEY.fullmatch(message.value):
        raise invalid_field(field, "decimal.money", "must be 1 to 19 digits, with up to two decimals after a point")
    return Decimal(message.value)


def from_struct(message: struct_pb2.Struct, *, field: str) -> dict[str, Any]:
    """Returns a JSON object; raises FieldsInvalid for NaN and infinite numbers, which JSON does not have."""
    try:
        return json_format.MessageToDict(message)
    except (json_format.SerializeToJsonError, ValueError) as error:
        raise invalid_field(field, "struct.finite", "must not contain NaN or infinite numbers") from error


def masked_fields(
    request: Message, mask: field_mask_pb2.FieldMask, *, allowed: Collection[str], populated: bool = False
) -> list[str]:
    """Returns the fields that an update mask names, each once (AIP-134).

    With `populated`, an absent mask means all allowed fields that are set. Raises FieldsInvalid for paths that are not
    allowed. `*` is not allowed either: clients must list the fields, because a message may contain others.
    """
    unknown = [(index, path) for index, path in enumerate(mask.paths) if path not in allowed]
    if unknown:
        description = f"must be one of {', '.join(allowed)}"
        raise FieldsInvalid(
            [FieldViolation(f"update_mask.paths[{index}]", "update_mask.allowed", description) for index, _ in unknown]
        )
    if mask.paths or not populated:
        return list(dict.fromkeys(mask.paths))
    present = {field.name for field, _ in request.ListFields()}
    return [name for name in allowed if name in present]


def read_fields(message: Message, names: Collection[str], readers: FieldReaders) -> dict[str, Any]:
    """Returns the values of these fields by name; raises FieldsInvalid, naming every invalid field."""
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


def read_changes(message: Message, mask: field_mask_pb2.FieldMask, readers: FieldReaders) -> dict[str, Any]:
    """Returns the values of the fields that an update changes; raises FieldsInvalid for a bad mask or field."""
    return read_fields(message, masked_fields(message, mask, allowed=readers, populated=True), readers)


def path_of(message: Message, name: str) -> str:
    """Returns the path of a record's field in its requests, such as `person.first_name`."""
    return f"{message.DESCRIPTOR.name.lower()}.{name}"


def read_text(message: Message, name: str) -> str:
    """Reads a text, which may be empty, in NFC."""
    return nfc(getattr(message, name))


def read_required_text(message: Message, name: str) -> str:
    """Reads a text in NFC; raises FieldsInvalid if it is blank."""
    value = read_text(message, name)
    if not value.strip():
        raise invalid_field(path_of(message, name), "string.not_blank", "must not be blank")
    return value


def read_optional_text(message: Message, name: str) -> str | None:
    """Reads a text in NFC; an empty one is None."""
    return nfc(getattr(message, name)) or None


def read_value(message: Message, name: str) -> Any:
    """Reads a value as it is."""
    return getattr(message, name)


def read_optional_value(message: Message, name: str) -> Any:
    """Reads a value; the default value of its type is None."""
    return getattr(message, name) or None


@dataclass(frozen=True, slots=True)
class Serialized:
    """A message as its serialized bytes."""

    type: type[Message]
    data: bytes

    def parse(self) -> Message:
        """Returns the message."""
        return self.type.FromString(self.data)


def serialized(message_type: type[M], data: bytes) -> M:
    """Returns serialized bytes as the response of an rpc, which sends them unchanged."""
    return cast("M", Serialized(message_type, data))


def serialize_with(message: Message, field: str, items: Iterable[bytes]) -> bytes:
    """Serializes a message and appends serialized messages to one of its fields.

    Source: "Message Structure" in protobuf's encoding guide; fields may come in any order.
    """
    tag = _tag(message.DESCRIPTOR, field)
    parts = [message.SerializeToString()]
    for item in items:
        parts += (tag, _varint(len(item)), item)
    return b"".join(parts)


def wrap_serialized(message_type: type[Message], field: str, item: bytes) -> bytes:
    """Serializes a message that has only one field, which contains one serialized message."""
    return _tag(message_type.DESCRIPTOR, field) + _varint(len(item)) + item


@cache
def _tag(message_type: Descriptor, field: str) -> bytes:
    number = message_type.fields_by_name[field].number
    return _varint(number << 3 | LENGTH_DELIMITED)


@lru_cache(4096)
def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits per byte; the eighth says that more bytes follow
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
