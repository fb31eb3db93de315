"""Access log: one line for each call that ended.

Replaces structlog for these lines when they are JSON: it formats and writes them in batches, which saves a fifth of the
CPU time of a hot GetMovie (docs/performance.md, "Written for speed"). structlog still writes all other lines, and these
lines in the console format. Both writers produce the same fields in the same order.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import structlog

from service.observability import logging as logs
from service.observability.logging import REQUEST_ID
from service.settings import LogLevel, Settings

Write: TypeAlias = Callable[[str, float, str], None]
"""Logs a call by its code, its seconds and its principal."""
log: structlog.stdlib.BoundLogger = structlog.get_logger()
BATCH_SECONDS = 0.1
"""Longest time that a line waits for others."""


class AccessLog:
    """Writes a line for each call with structlog."""

    @classmethod
    def from_settings(cls, settings: Settings) -> AccessLog:
        """Returns the access log of this worker."""
        if logs.is_json(settings) and settings.log_level in (LogLevel.DEBUG, LogLevel.INFO):
            return BatchedAccessLog(worker=structlog.contextvars.get_contextvars().get("worker"))
        return AccessLog()

    def writer(self, method: str, *, quiet: bool) -> Write:
        """Returns the function that logs calls of a method. With `quiet`, it logs at debug level only."""
        write = log.debug if quiet else log.info

        def write_line(code: str, seconds: float, principal: str) -> None:
            write("rpc.finished", method=method, code=code, ms=_milliseconds(seconds), principal=principal)

        return write_line

    def flush(self) -> None:
        """Writes all waiting lines."""


class _Call(NamedTuple):
    """A call that ended, and the constant parts of its line."""

    start: str
    code: str
    seconds: float
    principal: str
    end: str
    time: float
    request_id: str


class BatchedAccessLog(AccessLog):
    """Writes JSON lines in batches, in the order in which the calls ended."""

    def __init__(self, *, worker: int | None) -> None:
        self._worker = "" if worker is None else f', "worker": {worker}'
        self._calls: list[_Call] = []
        self._second = 0
        self._timestamp = ""

    def writer(self, method: str, *, quiet: bool) -> Write:
        """Returns the function that logs calls of a method. With `quiet`, structlog logs them at debug level."""
        if quiet:
            return super().writer(method, quiet=True)
        start = f'{{"method": {json.dumps(method)}, "code": '
        end = f', "event": "rpc.finished"{self._worker}, "level": "info", "timestamp": "'

        def add_line(code: str, seconds: float, principal: str) -> None:
            # Formatting the lines of a batch together takes half the time of formatting each at once.
            self._calls.append(_Call(start, code, seconds, principal, end, time.time(), REQUEST_ID.get()))
            if len(self._calls) == 1:
                asyncio.get_running_loop().call_later(BATCH_SECONDS, self.flush)

        return add_line

    def flush(self) -> None:
        """Writes all waiting lines."""
        if self._calls:
            calls, self._calls = self._calls, []
            logs.STREAM.write("".join(map(self._line, calls)))

    def _line(self, call: _Call) -> str:
        start, code, seconds, principal, end, at, request_id = call
        return (
            f'{start}"{code}", "ms": {_milliseconds(seconds)}, "principal": {_quoted(principal)}'
            f'{end}{self._moment(at)}", "request_id": "{request_id}"}}\n'
        )

    def _moment(self, at: float) -> str:
        second = int(at)
        if second != self._second:
            self._second, self._timestamp = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._timestamp}.{int((at - second) * 1_000_000):06d}Z"


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)


@lru_cache(4096)
def _quoted(principal: str) -> str:
    return json.dumps(principal)
