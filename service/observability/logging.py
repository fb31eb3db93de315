"""Structured logs: one event per line, with the request id and without secrets."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import traceback
from contextvars import ContextVar
from typing import Any, TextIO, cast

import structlog

from service.settings import LogFormat, Profile, Settings

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the current request; empty outside a request."""

SECRET_NAMES = ("password", "token", "secret", "authorization", "email", "_keys", "index_key")
# SQLSTATE classes whose messages are about the statement or the server and never contain values of a row.
SAFE_SQLSTATES = ("08", "42", "53", "55", "57", "58")


class LogStream(io.TextIOBase):
    """Standard error as a stream that never raises: a log that nobody reads must not stop the program.

    A line that cannot be written is lost. After the reader of a pipe has exited, all later lines are.
    """

    def write(self, text: str) -> int:
        """Writes the text, or drops it."""
        try:
            if sys.stderr is not None:
                sys.stderr.write(text)
                sys.stderr.flush()
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) == errno.EPIPE:
                _discard_standard_error()
        return len(text)


def _discard_standard_error() -> None:
    """Connects standard error to the null device, so that the interpreter's last flush does not fail either."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stderr.fileno())
    os.close(null)


STREAM = LogStream()


def configure(settings: Settings, *, worker: int | None = None) -> None:
    """Sends all logs of this process through structlog to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        _mask_secrets,
        _describe_exception,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if is_json(settings)
        else structlog.dev.ConsoleRenderer(colors=sys.stderr is not None and sys.stderr.isatty(), pad_event_to=24)
    )
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", STREAM)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(STREAM)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=[_drop_stdlib_extras, renderer], foreign_pre_chain=shared)
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    logging.getLogger("grpc._cython.cygrpc").addFilter(_hides_metadata)
    structlog.contextvars.clear_contextvars()
    if worker is not None:
        structlog.contextvars.bind_contextvars(worker=worker)


def is_json(settings: Settings) -> bool:
    """Returns whether log lines are JSON."""
    if settings.log_format is LogFormat.AUTO:
        return settings.profile is Profile.PRODUCTION
    return settings.log_format is LogFormat.JSON


def describe(error: BaseException) -> str:
    """Returns the text of an exception with its causes and frames, without the values in PostgreSQL's messages.

    PostgreSQL's DETAIL contains whole rows, also password hashes. asyncpg puts it into the text of its exceptions, and
    the ORM wraps those. So a driver error, or an error that wraps one, is described by class, SQLSTATE and constraint.
    """
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}: {_safe_text(current)}")
        lines.extend(
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)
        )
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(lines)


def _hides_metadata(record: logging.LogRecord) -> bool:
    """Drops gRPC's own log line about a header that is not UTF-8: it contains the value, which may be a token."""
    return not str(record.msg).startswith("Invalid encoding")


def _safe_text(error: BaseException) -> str:
    driver_error = _driver_error(error)
    if driver_error is None:
        return str(error)
    sqlstate = str(getattr(driver_error, "sqlstate", ""))
    parts = [f"sqlstate={sqlstate}"]
    names = ("constraint_name", "table_name", "column_name")
    parts += [f"{name}={value}" for name in names if (value := getattr(driver_error, name, None))]
    if sqlstate[:2] in SAFE_SQLSTATES:
        parts.append(str(getattr(driver_error, "message", "")))
    return " ".join(parts)


def _driver_error(error: BaseException) -> BaseException | None:
    """Returns the PostgreSQL error that `error` is, or wraps as its argument or its cause."""
    for candidate in (error, *error.args, error.__cause__):
        if isinstance(candidate, BaseException) and hasattr(candidate, "sqlstate"):
            return candidate
    return None


def _add_request_id(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if request_id := REQUEST_ID.get():
        event["request_id"] = request_id
    return event


def _mask_secrets(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name in event:
        if any(secret in name.lower() for secret in SECRET_NAMES):
            event[name] = "***"
    return event


def _describe_exception(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


def _drop_stdlib_extras(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
