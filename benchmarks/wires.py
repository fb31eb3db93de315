"""The client's side of HTTP/2 as gRPC uses it, and of HTTP/1.1: as much as repeating calls takes, in little time."""

from __future__ import annotations

import time
from typing import Protocol

from benchmarks.figure import MeasurementFailed

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
FRAME_HEAD = 9
WIDEST = 2**31 - 1
INITIAL_WINDOW = 65_535
NARROW = 2**30
"""What is left of the connection's window when it is opened wide again."""
SEVEN_BITS = 0x7F
FIRST_DYNAMIC = 62
"""Number of the newest header in HPACK's dynamic table."""


class Connection(Protocol):
    """A connection that repeats calls."""

    latencies: list[float]
    """Seconds of each call that has ended."""
    failures: int
    """Calls that ended without an answer."""

    def opening(self) -> bytes:
        """Returns what is sent first."""
        ...

    def call(self, request: bytes) -> bytes:
        """Returns what begins a call."""
        ...

    def receive(self, data: bytes) -> tuple[int, bytes]:
        """Takes what arrived; returns how many calls ended with it, and what must be sent back."""
        ...


class GrpcConnection:
    """Unary calls of one method, as many at a time as one likes.

    Headers are sent as gRPC's own clients do: in full with the first call, which fills HPACK's table, and then as
    one byte each. An answer counts as such when it has a message: a refusal has none (gRPC over HTTP2, "Responses").
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
        # RFC 7541: ":method: POST" and ":scheme: http" have the numbers 3 and 6; others are named and remembered.
        self._first = b"\x83\x86" + b"".join(b"\x40" + _text(name) + _text(value) for name, value in headers.items())
        newest = FIRST_DYNAMIC + len(headers) - 1
        self._later = b"\x83\x86" + bytes(0x80 | newest - place for place in range(len(headers)))
        self._stream = -1
        self._began: dict[int, float] = {}
        self._answered: set[int] = set()
        self._unread = b""
        self._may_send = INITIAL_WINDOW
        self._may_receive = WIDEST
        self.latencies: list[float] = []
        self.failures = 0

    def opening(self) -> bytes:
        """Returns what is sent first."""
        no_push = b"\x00\x02" + bytes(4)
        wide_streams = b"\x00\x04" + WIDEST.to_bytes(4)
        return (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + _frame(SETTINGS, 0, 0, no_push + wide_streams)
            + _widened(WIDEST - INITIAL_WINDOW)
        )

    def call(self, request: bytes) -> bytes:
        """Returns what begins a call."""
        self._stream += 2
        headers = self._first if self._stream == 1 else self._later
        message = b"\x00" + len(request).to_bytes(4) + request
        self._may_send -= len(message)
        if self._may_send < 0:
            raise MeasurementFailed("the server takes no more requests")
        self._began[self._stream] = time.perf_counter()
        return _frame(HEADERS, END_HEADERS, self._stream, headers) + _frame(DATA, END_STREAM, self._stream, message)

    def receive(self, data: bytes) -> tuple[int, bytes]:
        """Takes what arrived; returns how many calls ended with it, and what must be sent back."""
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
                self._may_receive -= size
            elif kind > HEADERS:
                back += self._control(kind, flags, stream, data[at + FRAME_HEAD : until])
            if kind == RST_STREAM or (kind <= HEADERS and flags & END_STREAM):
                self._end(stream, as_expected=kind == HEADERS)
                ended += 1
            at = until
        self._unread = data[at:]
        return ended, back + self._widen()

    def _end(self, stream: int, *, as_expected: bool) -> None:
        self.latencies.append(time.perf_counter() - self._began.pop(stream))
        if stream in self._answered:
            self._answered.remove(stream)
        else:
            as_expected = False
        self.failures += not as_expected

    def _control(self, kind: int, flags: int, stream: int, content: bytes) -> bytes:
        if kind == WINDOW_UPDATE and stream == 0:
            self._may_send += int.from_bytes(content)
        elif kind == GOAWAY:
            raise MeasurementFailed("the server ended a connection")
        elif kind in {SETTINGS, PING} and not flags & ACK:
            return _frame(kind, ACK, 0, content if kind == PING else b"")
        return b""

    def _widen(self) -> bytes:
        if self._may_receive > NARROW:
            return b""
        more, self._may_receive = WIDEST - self._may_receive, WIDEST
        return _widened(more)


class Http1Connection:
    """Calls one after the other on a connection that is kept alive; the answers state their lengths."""

    def __init__(self) -> None:
        self._began = 0.0
        self._unread = b""
        self.latencies: list[float] = []
        self.failures = 0

    def opening(self) -> bytes:
        """Returns what is sent first."""
        return b""

    def call(self, request: bytes) -> bytes:
        """Returns what begins a call."""
        self._began = time.perf_counter()
        return request

    def receive(self, data: bytes) -> tuple[int, bytes]:
        """Takes what arrived; returns how many calls ended with it, and what must be sent back."""
        self._unread += data
        head, end, body = self._unread.partition(b"\r\n\r\n")
        if not end:
            return 0, b""
        _, named, length = head.lower().partition(b"content-length:")
        if not named:
            raise MeasurementFailed(f"an answer does not tell its length: {head.decode(errors='replace')}")
        if len(body) < int(length.split(b"\r\n", 1)[0]):
            return 0, b""
        self._unread = b""
        self.latencies.append(time.perf_counter() - self._began)
        self.failures += head.split(b" ", 2)[1] != b"200"
        return 1, b""


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + content


def _widened(more: int) -> bytes:
    return _frame(WINDOW_UPDATE, 0, 0, more.to_bytes(4))


def _text(text: str) -> bytes:
    """Returns an HPACK string as it is (RFC 7541, 5.2)."""
    encoded = text.encode()
    return _length(len(encoded)) + encoded


def _length(length: int) -> bytes:
    """Returns an integer in seven bits, all of them set when more bytes follow (RFC 7541, 5.1)."""
    if length < SEVEN_BITS:
        return bytes([length])
    rest, encoded = length - SEVEN_BITS, bytearray([SEVEN_BITS])
    while rest > SEVEN_BITS:
        encoded.append(rest & SEVEN_BITS | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)
