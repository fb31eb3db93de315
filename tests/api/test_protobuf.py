"""Conversions from protobuf's own types: the result is a value, or an error that names the field."""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st
from marquee.users.v1 import users_pb2

from service.api import protobuf
from service.errors import FieldsInvalid

INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FIELDS = ("bio", "birth_date", "first_name")
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=8,
)


@given(st.dates())
def test_a_date_survives_the_round_trip(day: date) -> None:
    assert protobuf.from_date(protobuf.to_date(day), field="day") == day


@given(INT32 | st.integers(-1, 2100), INT32 | st.integers(-1, 13), INT32 | st.integers(-1, 32))
def test_any_three_numbers_are_a_date_or_an_error(year: int, month: int, day: int) -> None:
    message = Date(year=year, month=month, day=day)
    if _is_date(year, month, day):
        assert protobuf.to_date(protobuf.from_date(message, field="day")) == message
    else:
        assert _refused_fields(protobuf.from_date, message, field="day") == ["day"]


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_timestamp_survives_the_round_trip(moment: datetime) -> None:
    assert protobuf.from_timestamp(protobuf.timestamp(moment), field="moment") == moment


@given(INT64 | st.integers(-62135596801, 253402300800), INT32 | st.integers(-1, 10**9))
def test_any_two_numbers_are_a_timestamp_or_an_error(seconds: int, nanos: int) -> None:
    message = Timestamp(seconds=seconds, nanos=nanos)
    if -62135596800 <= seconds <= 253402300799 and 0 <= nanos < 10**9:
        assert int(protobuf.from_timestamp(message, field="moment").timestamp() // 1) == seconds
    else:
        assert _refused_fields(protobuf.from_timestamp, message, field="moment") == ["moment"]


@given(st.dictionaries(TEXT, JSON))
def test_a_struct_survives_the_round_trip_unless_json_lacks_its_numbers(value: dict[str, Any]) -> None:
    message = Struct()
    message.update(value)
    if all(map(math.isfinite, _numbers(value))):
        assert protobuf.from_struct(message, field="x") == value
    else:
        assert _refused_fields(protobuf.from_struct, message, field="x") == ["x"]


@given(st.lists(st.sampled_from(FIELDS) | TEXT))
def test_a_mask_names_allowed_fields_or_is_refused(paths: list[str]) -> None:
    request = users_pb2.UpdateProfileRequest(update_mask=FieldMask(paths=paths))
    unknown = [index for index, path in enumerate(paths) if path not in FIELDS]
    arguments = (request, request.update_mask)
    if unknown:
        refused = _refused_fields(protobuf.masked_fields, *arguments, allowed=FIELDS)
        assert refused == [f"update_mask.paths[{n}]" for n in unknown]
    else:
        assert protobuf.masked_fields(*arguments, allowed=FIELDS) == sorted(set(paths), key=paths.index)


@given(st.sets(st.sampled_from(FIELDS)), st.booleans())
def test_an_absent_mask_means_all_fields_that_are_set(names: set[str], has_etag: bool) -> None:  # noqa: FBT001
    request = users_pb2.UpdateProfileRequest(etag="1" if has_etag else "")
    for name in names - {"birth_date"}:
        setattr(request, name, "x")
    if "birth_date" in names:
        request.birth_date.SetInParent()
    assert set(protobuf.masked_fields(request, request.update_mask, allowed=FIELDS, populated=True)) == names
    assert protobuf.masked_fields(request, request.update_mask, allowed=FIELDS) == []


def _refused_fields(function: Callable[..., object], *arguments: object, **named: object) -> list[str]:
    with pytest.raises(FieldsInvalid) as caught:
        function(*arguments, **named)
    return [violation.field for violation in caught.value.violations]


def _is_date(year: int, month: int, day: int) -> bool:
    return 1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in _numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return [value] if isinstance(value, float) else []
