"""HTTP/2 client that sends any header value, also values that no real client sends (RFC 9113)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, GO_AWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4
TIMEOUT = 10.0


@dataclass(frozen=True)
class Response:
    """The message, if any, and the encoded headers and trailers."""

    message: bytes
    encoded: bytes

    def header(self, name: str) -> str | None:
        """Returns a header's value of less than 127 bytes. gRPC sends values without Huffman coding."""
        _, found, rest = self.encoded.partition(name.encode())
        return rest[1 : 1 + rest[0]].decode() if found else None


async def call(port: int, method: str, message: bytes, headers: Mapping[str, bytes]) -> Response:
    """Calls a unary rpc over a new connection; fails if no response arrives."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = {":method": b"POST", ":scheme": b"http", ":path": method.encode(), ":authority": b"localhost"}
    sent |= {"content-type": b"application/grpc", "te": b"trailers", **headers}
    fields = b"".join(b"\0" + _text(name.encode()) + _text(value) for name, value in sent.items())
    body = b"\0" + len(message).to_bytes(4, "big") + message
    writer.write(PREFACE + _frame(SETTINGS, 0, 0, b""))
    writer.write(_frame(HEADERS, END_HEADERS, 1, fields) + _frame(DATA, END_STREAM, 1, body))
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _read_response(reader)
    finally:
        writer.close()


async def _read_response(reader: asyncio.StreamReader) -> Response:
    message = encoded = b""
    while True:
        head = await reader.readexactly(9)
        kind, flags = head[3], head[4]
        payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
        assert kind not in {RESET, GO_AWAY}, payload
        if kind == DATA:
            message += payload
        if kind == HEADERS:
            encoded += payload
            if flags & END_STREAM:
                return Response(message[5:], encoded)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _text(text: bytes) -> bytes:
    """Returns an HPACK string literal (RFC 7541, 5.2); its length has a 7-bit prefix."""
    length = len(text)
    if length < 127:
        return bytes([length]) + text
    digits, rest = [127], length - 127
    while rest > 127:
        digits.append(rest % 128 + 128)
        rest //= 128
    return bytes([*digits, rest]) + text
