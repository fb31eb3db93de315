"""Hostile messages for every rpc, generated from the descriptors: no message causes a server fault."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from service.auth.policy import MEDIA_REGISTER
from service.server.application import ENDLESS, full_methods, service_names
from tests.client import Client

METHODS = [method for method in full_methods() if method[1:].split("/")[0] in service_names()]
MESSAGES_EACH = 60
DEPTH = 3
SERVER_FAULTS = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DEADLINE_EXCEEDED}
STRINGS = (
    "", "\0", "a\0b", "\u202e", "\ud7ff", "\uffff", "😀" * 50, "A" * 5000, "é" * 300, "'; DROP TABLE movies; --",
    "%s%n",
    "../../etc/passwd", "NaN", "-1", "tt0000001", "\r\n", "İ", "ß", "ada\u0301", "\U0001d552", "@", "a@b.c", "a@\0.c",
    "x" * 254 + "@a.b", "a@" + "b." * 100 + "c", "id desc", "popularity desc, 1", "0" * 64, "ff", "image/png",
    "#00ff00",
)  # fmt: skip
NUMBERS = {
    FieldDescriptor.TYPE_INT32: (0, 1, -1, 5, 2**31 - 1, -(2**31)),
    FieldDescriptor.TYPE_INT64: (0, 1, -1, 1000, 2**63 - 1, -(2**63)),
    FieldDescriptor.TYPE_ENUM: (0, 1, 2, 3, 99, -1),
    FieldDescriptor.TYPE_DOUBLE: (0.0, -0.0, 1.5, 1e308, math.nan, math.inf),
}


@pytest.mark.parametrize("method", METHODS)
async def test_no_message_causes_a_server_fault(client: Client, method: str) -> None:
    user = await client.registered()
    callers = (client, user, client.as_staff(user.user_id), client.as_service(MEDIA_REGISTER))
    dice = random.Random(method)  # noqa: S311 - the same messages every time
    call = client.channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)
    faults = SERVER_FAULTS - {grpc.StatusCode.DEADLINE_EXCEEDED} if method in ENDLESS else SERVER_FAULTS
    for data in _messages(method, dice):
        caller = dice.choice(callers)
        metadata = (("authorization", f"Bearer {caller.token}"),) if caller.token else ()
        try:
            await call(data, metadata=metadata, timeout=0.3 if method in ENDLESS else 10)
        except grpc.aio.AioRpcError as error:
            assert error.code() not in faults, (data, error.details())  # noqa: PT017 - most calls may fail


def _messages(method: str, dice: random.Random) -> Iterator[bytes]:
    """Yields serialized requests with hostile values; one in five has damaged bytes."""
    service, name = method[1:].split("/")
    descriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name].input_type
    for number in range(MESSAGES_EACH):
        message = message_factory.GetMessageClass(descriptor)()
        _fill(message, dice, DEPTH)
        data = bytearray(message.SerializeToString() or b"\n")
        if number % 5 == 0:
            data[dice.randrange(len(data))] = dice.randrange(256)
            del data[dice.randint(1, len(data)) :]
        yield bytes(data)


def _fill(message: Message, dice: random.Random, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        if dice.random() < 0.25:  # absent
            continue
        for _ in range(dice.randint(1, 3) if field.is_repeated else 1):
            if field.message_type is not None and field.message_type.GetOptions().map_entry:
                _fill_map(getattr(message, field.name), field.message_type.fields_by_name, dice, depth)
            elif field.type == FieldDescriptor.TYPE_MESSAGE:
                nested = getattr(message, field.name)
                nested = nested.add() if field.is_repeated else nested
                nested.SetInParent()
                if depth:
                    _fill(nested, dice, depth - 1)
            elif field.is_repeated:
                getattr(message, field.name).append(_value(field, dice))
            else:
                setattr(message, field.name, _value(field, dice))


def _fill_map(container: Any, parts: Any, dice: random.Random, depth: int) -> None:
    key = _value(parts["key"], dice)
    if parts["value"].type != FieldDescriptor.TYPE_MESSAGE:
        container[key] = _value(parts["value"], dice)
    elif depth:
        _fill(container[key], dice, depth - 1)


def _value(field: Any, dice: random.Random) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return dice.choice(STRINGS)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return dice.randbytes(dice.choice((0, 5, 32, 33)))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return dice.random() < 0.5  # either
    return dice.choice(NUMBERS[field.type])
