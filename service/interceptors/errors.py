"""Errors: turns every exception into a status that contains what the caller may know, and nothing else.

This must be the outermost interceptor: gRPC sends an uncaught exception to the client as UNKNOWN with its text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NoReturn

import grpc
import structlog
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from service.database import orm
from service.errors import Code, DomainError, Internal
from service.interceptors.chain import Call, Handler, Rpc
from service.observability.logging import REQUEST_ID

log: structlog.stdlib.BoundLogger = structlog.get_logger()
DOMAIN = "marquee"
# Clients refuse trailing metadata above 8 kB; the details are base64 there and share the space with other keys.
MAX_DETAILS_BYTES = 4000
# The message is also sent separately, and each byte that is not ASCII takes three there.
MAX_MESSAGE_BYTES = 700
STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}


def map_errors(rpc: Rpc, handler: Handler) -> Handler:
    """Answers every exception with a canonical status and logs the unexpected ones."""

    async def mapped(request: Any, call: Call) -> Any:
        try:
            return await handler(request, call)
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception as error:
            public = public_error(error)
            if isinstance(public, Internal):
                log.exception("rpc.failed", method=rpc.full_method)
            await _abort(call, public)

    return mapped


def public_error(error: BaseException) -> DomainError:
    """Returns the error that the caller receives for an exception."""
    if isinstance(error, DomainError):
        return error
    translated = orm.translate(error)
    if translated is not None:
        return translated
    return Internal("the server failed; send the request id to its operator, who finds the cause in the log")


def status_code_name(error: BaseException) -> str:
    """Returns the canonical name of the status code of an exception, for logs and metrics."""
    if isinstance(error, asyncio.CancelledError):
        return "CANCELLED"
    if isinstance(error, grpc.aio.AbortError):
        return "ABORTED_BY_HANDLER"
    return public_error(error).code.name


async def _abort(call: Call, error: DomainError) -> NoReturn:
    status = to_status(error, request_id=call.request_id or REQUEST_ID.get())
    await call.context.abort(
        STATUS_CODES[status.code],
        status.message,
        (*call.context.trailing_metadata(), ("grpc-status-details-bin", status.SerializeToString())),
    )
    raise AssertionError("abort always raises")


def to_status(error: DomainError, *, request_id: str) -> status_pb2.Status:
    """Returns the google.rpc.Status of an error, within the size that clients accept.

    ErrorInfo and RequestInfo come first and are always present. If the rest is too large, the last violations are
    left out first.
    """
    status = status_pb2.Status(code=error.code, message=_truncated(error.message, MAX_MESSAGE_BYTES))
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    status.details.append(_packed(info))
    if request_id:
        status.details.append(_packed(error_details_pb2.RequestInfo(request_id=request_id)))
    for detail in _other_details(error):
        status.details.append(_packed(detail))
        if status.ByteSize() > MAX_DETAILS_BYTES:
            del status.details[-1]
    return status


def _other_details(error: DomainError) -> Iterable[Any]:
    if error.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(round(error.retry_after * 1000))
        yield error_details_pb2.RetryInfo(retry_delay=delay)
    if error.quota:
        yield error_details_pb2.QuotaFailure(
            violations=[error_details_pb2.QuotaFailure.Violation(subject=error.quota, description=error.message)]
        )
    if error.resource:
        yield error_details_pb2.ResourceInfo(
            resource_type=error.resource.type, resource_name=error.resource.name, description=error.message
        )
    if error.code is Code.FAILED_PRECONDITION:
        yield error_details_pb2.PreconditionFailure(
            violations=[
                error_details_pb2.PreconditionFailure.Violation(
                    type=error.reason,
                    subject=error.resource.name if error.resource else "",
                    description=error.message,
                )
            ]
        )
    if error.violations:
        yield _bad_request(error)


def _bad_request(error: DomainError) -> error_details_pb2.BadRequest:
    detail = error_details_pb2.BadRequest()
    for violation in error.violations:
        detail.field_violations.add(
            field=_truncated(violation.field, 200),
            description=_truncated(violation.description, 300),
            reason=_truncated(violation.rule, 60),
        )
        if detail.ByteSize() > MAX_DETAILS_BYTES - 1500:
            del detail.field_violations[-1]
            break
    return detail


def _truncated(text: str, size: int) -> str:
    """Returns the longest prefix of whole characters that fits in `size` bytes."""
    return text.encode(errors="replace")[:size].decode(errors="ignore")


def _packed(detail: Any) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed
