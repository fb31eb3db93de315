"""The access log's lines: as structlog writes them, but gathered: one of those costs as much as a whole call."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

import structlog

from service.observability import logging as logs
from service.observability.logging import REQUEST_ID
from service.settings import LogLevel, Settings

Write: TypeAlias = Callable[[str, float, str], None]
"""Takes a call's code, its seconds and its principal."""
_Ended: TypeAlias = tuple[str, str, float, str, str, float, str]
"""The line's beginning, the call's code, seconds and principal, the line's end, the moment and the request's id."""
log: structlog.stdlib.BoundLogger = structlog.get_logger()
GATHERING = 0.1
"""Seconds that a line waits for others at most."""


class AccessLog:
    """Writes a line a call, all of a worker's in the order in which they ended."""

    def writer(self, method: str, *, quiet: bool) -> Write:
        """Returns what writes the lines of a method; `quiet` ones appear at debug level alone."""
        write = log.debug if quiet else log.info

        def through_structlog(code: str, seconds: float, principal: str) -> None:
            write("rpc.finished", method=method, code=code, ms=_ms(seconds), principal=principal)

        return through_structlog

    def flush(self) -> None:
        """Writes what was gathered."""


class JsonAccessLog(AccessLog):
    """Writes JSON."""

    def __init__(self, *, worker: int | None) -> None:
        self._worker = "" if worker is None else f', "worker": {worker}'
        self._calls: list[_Ended] = []
        self._second = 0
        self._timestamp = ""

    def writer(self, method: str, *, quiet: bool) -> Write:
        """Returns what writes the lines of a method."""
        if quiet:
            return super().writer(method, quiet=True)
        begin = f'{{"method": {json.dumps(method)}, "code": '
        end = f', "event": "rpc.finished"{self._worker}, "level": "info", "timestamp": "'

        def gather(code: str, seconds: float, principal: str) -> None:
            # The line is made with those of other calls: each by itself takes twice as long.
            self._calls.append((begin, code, seconds, principal, end, time.time(), REQUEST_ID.get()))
            if len(self._calls) == 1:
                asyncio.get_running_loop().call_later(GATHERING, self.flush)

        return gather

    def flush(self) -> None:
        """Writes what was gathered."""
        if self._calls:
            calls, self._calls = self._calls, []
            sys.stderr.write("".join(map(self._line, calls)))
            sys.stderr.flush()

    def _line(self, ended: _Ended) -> str:
        begin, code, seconds, principal, end, at, request_id = ended
        return (
            f'{begin}"{code}", "ms": {_ms(seconds)}, "principal": {_quoted(principal)}{end}{self._moment(at)}"'
            f', "request_id": "{request_id}"}}\n'
        )

    def _moment(self, at: float) -> str:
        second = int(at)
        if second != self._second:
            self._second, self._timestamp = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._timestamp}.{int((at - second) * 1_000_000):06d}Z"


def access_log(settings: Settings) -> AccessLog:
    """Returns the log of this worker."""
    if logs.is_json(settings) and settings.log_level in (LogLevel.DEBUG, LogLevel.INFO):
        return JsonAccessLog(worker=structlog.contextvars.get_contextvars().get("worker"))
    return AccessLog()


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


@lru_cache(4096)
def _quoted(principal: str) -> str:
    return json.dumps(principal)
