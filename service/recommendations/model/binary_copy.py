"""Decoder of PostgreSQL's binary COPY format into numpy arrays.

The format: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import asyncpg
import numpy as np
from numpy.typing import NDArray

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
HEADER_BYTES = 19
TRAILER_BYTES = 2
ARRAY_HEADER_BYTES = 20
FIELD_COUNT = struct.Struct(">h")
LENGTH = struct.Struct(">i")


async def copy_numbers(connection: Connection, query: str, columns: Sequence[tuple[str, str]]) -> NDArray[Any]:
    """Returns the rows of a query as a structured array.

    `columns` are pairs of a name and a numpy type. The columns of the query must be int4 or float4 and not NULL.
    """
    data = await copy_bytes(connection, query)
    layout: list[tuple[str, str]] = [("count", ">i2")]
    for name, kind in columns:
        layout += [(f"{name} length", ">i4"), (name, f">{kind}")]
    row = np.dtype(layout)
    count = (len(data) - HEADER_BYTES - TRAILER_BYTES) // row.itemsize
    return np.frombuffer(data, row, count=count, offset=HEADER_BYTES)


async def copy_bytes(connection: Connection, query: str, *args: object) -> bytearray:
    """Returns the rows of a query in the COPY format."""
    data = bytearray()

    async def append(chunk: bytes) -> None:
        data.extend(chunk)

    await connection.copy_from_query(query, *args, output=append, format="binary")
    return data


def decode_rows(data: bytearray) -> Iterator[list[memoryview]]:
    """Yields the fields of each row as bytes; no field may be NULL."""
    view, offset = memoryview(data), HEADER_BYTES
    while (count := FIELD_COUNT.unpack_from(view, offset)[0]) >= 0:
        offset += FIELD_COUNT.size
        fields = []
        for _ in range(count):
            (length,) = LENGTH.unpack_from(view, offset)
            offset += LENGTH.size
            fields.append(view[offset : offset + length])
            offset += length
        yield fields


def decode_array(field: memoryview, kind: str) -> NDArray[Any]:
    """Returns an array of int4 or float4 without NULLs; `kind` is its numpy type."""
    if len(field) < ARRAY_HEADER_BYTES:
        # An empty array has no dimension and so a shorter header.
        return np.empty(0, kind)
    items = np.frombuffer(field, [("length", ">i4"), ("value", f">{kind}")], offset=ARRAY_HEADER_BYTES)
    return items["value"].astype(kind)
