"""Values that several slices turn into protobuf's own types and back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2


def timestamp(value: datetime) -> Timestamp:
    """Returns an aware datetime as a Timestamp."""
    message = Timestamp()
    message.FromDatetime(value)
    return message


def to_date(value: date) -> date_pb2.Date:
    """Returns a full calendar date."""
    return date_pb2.Date(year=value.year, month=value.month, day=value.day)


def to_decimal(value: Decimal) -> decimal_pb2.Decimal:
    """Returns an exact decimal, written without an exponent."""
    return decimal_pb2.Decimal(value=format(value, "f"))
