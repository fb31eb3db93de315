"""Minimal, fast clients for gRPC over HTTP/2 and for HTTP/1.1; only good for repeated calls."""

from __future__ import annotations

import time
from typing import Protocol

from benchmarks.figure import MeasurementFailed

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
FRAME_HEAD = 9
MAX_WINDOW = 2**31 - 1
INITIAL_WINDOW = 65_535
MIN_WINDOW = 2**30
"""The connection's receive window is enlarged again when it is smaller than this."""
SEVEN_BITS = 0x7F
FIRST_DYNAMIC = 62
"""Index of the newest header in HPACK's dynamic table."""


class Connection(Protocol):
    """A connection for repeated calls."""

    latencies: list[float]
    """Seconds of each call that has ended."""
    failures: int
    """Number of calls without a successful response."""

    def opening(self) -> bytes:
        """Returns the first bytes to send."""
        ...

    def call(self, request: bytes) -> bytes:
        """Returns the bytes that start a call."""
        ...

    def receive(self, data: bytes) -> tuple[int, bytes]:
        """Processes received data; returns the number of ended calls and the bytes to send back."""
        ...


class GrpcConnection:
    """Concurrent unary calls of one method.

    Headers are sent like those of gRPC's own clients: in full with the first call, which fills HPACK's table, and then
    as one byte each. A call succeeded if its response has a message: an error has none (gRPC over HTTP2, "Responses").
    """

    def __init__(self, path: str, *, authorization: str = "") -> None:
        headers = {
            ":path": path,
            ":authority": "localhost",
            "te": "trailers",
            "content-type": "application/grpc",
            "user-agent": "marquee-benchmarks",
            "grpc-accept-encoding": "identity, deflate, gzip",
        }
        if authorization:
            headers["authorization"] = authorization
        # RFC 7541: ":method: POST" and ":scheme: http" have the indexes 3 and 6. The others go into the table.
        self._first = b"\x83\x86" + b"".join(b"\x40" + _text(name) + _text(value) for name, value in headers.items())
        newest = FIRST_DYNAMIC + len(headers) - 1
        self._later = b"\x83\x86" + bytes(0x80 | newest - place for place in range(len(headers)))
        self._stream = -1
        self._began: dict[int, float] = {}
        self._answered: set[int] = set()
        self._unread = b""
        self._send_window = INITIAL_WINDOW
        self._receive_window = MAX_WINDOW
        self.latencies: list[float] = []
        self.failures = 0

    def opening(self) -> bytes:
        """Returns the first bytes to send."""
        no_push = b"\x00\x02" + bytes(4)
        wide_streams = b"\x00\x04" + MAX_WINDOW.to_bytes(4)
        return (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + _frame(SETTINGS, 0, 0, no_push + wide_streams)
            + _window_update(MAX_WINDOW - INITIAL_WINDOW)
        )

    def call(self, request: bytes) -> bytes:
        """Returns the bytes that start a call."""
        self._stream += 2
        headers = self._first if self._stream == 1 else self._later
        message = b"\x00" + len(request).to_bytes(4) + request
        self._send_window -= len(message)
        if self._send_window < 0:
            raise MeasurementFailed("the server does not accept more data")
        self._began[self._stream] = time.perf_counter()
        return _frame(HEADERS, END_HEADERS, self._stream, headers) + _frame(DATA, END_STREAM, self._stream, message)

    def receive(self, data: bytes) -> tuple[int, bytes]:
        """Processes received data; returns the number of ended calls and the bytes to send back."""
        data = self._unread + data if self._unread else data
        ended, at, total, back = 0, 0, len(data), b""
        while total - at >= FRAME_HEAD:
            size = int.from_bytes(data[at : at + 3])
            until = at + FRAME_HEAD + size
            if until > total:
                break
            kind, flags, stream = data[at + 3], data[at + 4], int.from_bytes(data[at + 5 : at + 9])
            if kind == DATA:
                self._answered.add(stream)
                self._receive_window -= size
            elif kind > HEADERS:
                back += self._control(kind, flags, stream, data[at + FRAME_HEAD : until])
            if kind == RST_STREAM or (kind <= HEADERS and flags & END_STREAM):
                self._end(stream, as_expected=kind == HEADERS)
                ended += 1
            at = until
        self._unread = data[at:]
        return ended, back + self._enlarge_window()

    def _end(self, stream: int, *, as_expected: bool) -> None:
        self.latencies.append(time.perf_counter() - self._began.pop(stream))
        if stream in self._answered:
            self._answered.remove(stream)
        else:
            as_expected = False
        self.failures += not as_expected

    def _control(self, kind: int, flags: int, stream: int, content: bytes) -> bytes:
        if kind == WINDOW_UPDATE and stream == 0:
            self._send_window += int.from_bytes(content)
        elif kind == GOAWAY:
            raise MeasurementFailed("the server ended a connection")
        elif kind in {SETTINGS, PING} and not flags & ACK:
            return _frame(kind, ACK, 0, content if kind == PING else b"")
        return b""

    def _enlarge_window(self) -> bytes:
        if self._receive_window > MIN_WINDOW:
            return b""
        more, self._receive_window = MAX_WINDOW - self._receive_window, MAX_WINDOW
        return _window_update(more)


class Http1Connection:
    """Sequential calls on a keep-alive connection; responses must have a Content-Length."""

    def __init__(self) -> None:
        self._began = 0.0
        self._unread = b""
        self.latencies: list[float] = []
        self.failures = 0

    def opening(self) -> bytes:
        """Returns the first bytes to send."""
        return b""

    def call(self, request: bytes) -> bytes:
        """Returns the bytes that start a call."""
        self._began = time.perf_counter()
        return request

    def receive(self, data: bytes) -> tuple[int, bytes]:
        """Processes received data; returns the number of ended calls and the bytes to send back."""
        self._unread += data
        head, end, body = self._unread.partition(b"\r\n\r\n")
        if not end:
            return 0, b""
        _, named, length = head.lower().partition(b"content-length:")
        if not named:
            raise MeasurementFailed(f"a response has no Content-Length: {head.decode(errors='replace')}")
        if len(body) < int(length.split(b"\r\n", 1)[0]):
            return 0, b""
        self._unread = b""
        self.latencies.append(time.perf_counter() - self._began)
        self.failures += head.split(b" ", 2)[1] != b"200"
        return 1, b""


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + content


def _window_update(more: int) -> bytes:
    return _frame(WINDOW_UPDATE, 0, 0, more.to_bytes(4))


def _text(text: str) -> bytes:
    """Returns an HPACK string literal (RFC 7541, 5.2)."""
    encoded = text.encode()
    return _length(len(encoded)) + encoded


def _length(length: int) -> bytes:
    """Returns an HPACK integer with a 7-bit prefix (RFC 7541, 5.1)."""
    if length < SEVEN_BITS:
        return bytes([length])
    rest, encoded = length - SEVEN_BITS, bytearray([SEVEN_BITS])
    while rest > SEVEN_BITS:
        encoded.append(rest & SEVEN_BITS | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)
