"""PostgreSQL's binary COPY as numpy reads it: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import asyncpg
import numpy as np
from numpy.typing import NDArray

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
HEADER = 19
TRAILER = 2
COUNT = struct.Struct(">h")
LENGTH = struct.Struct(">i")
ARRAY_HEADER = 20


async def copy_numbers(connection: Connection, query: str, columns: Sequence[tuple[str, str]]) -> NDArray[Any]:
    """Returns a query's rows; `columns` are names and the numpy types of what must be int4 or float4 and not NULL."""
    data = await copy_bytes(connection, query)
    layout: list[tuple[str, str]] = [("count", ">i2")]
    for name, kind in columns:
        layout += [(f"{name} length", ">i4"), (name, f">{kind}")]
    row = np.dtype(layout)
    return np.frombuffer(data, row, count=(len(data) - HEADER - TRAILER) // row.itemsize, offset=HEADER)


async def copy_bytes(connection: Connection, query: str, *args: object) -> bytearray:
    """Returns a query's rows as COPY writes them."""
    data = bytearray()

    async def take(chunk: bytes) -> None:
        data.extend(chunk)

    await connection.copy_from_query(query, *args, output=take, format="binary")
    return data


def copied_rows(data: bytearray) -> Iterator[list[memoryview]]:
    """Yields the fields of each row, none of them NULL, as PostgreSQL sends them."""
    view, place = memoryview(data), HEADER
    while (fields := COUNT.unpack_from(view, place)[0]) >= 0:
        place += COUNT.size
        row = []
        for _ in range(fields):
            (length,) = LENGTH.unpack_from(view, place)
            place += LENGTH.size
            row.append(view[place : place + length])
            place += length
        yield row


def number_array(field: memoryview, kind: str) -> NDArray[Any]:
    """Returns an array of int4 or float4 without NULLs; `kind` is its numpy type."""
    if len(field) < ARRAY_HEADER:
        # An empty one has no dimension.
        return np.empty(0, kind)
    items = np.frombuffer(field, [("length", ">i4"), ("value", f">{kind}")], offset=ARRAY_HEADER)
    return items["value"].astype(kind)
