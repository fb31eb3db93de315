"""Errors: turns every exception into a status that tells the caller what they may know, and no more.

Outermost on purpose: what passes here unseen reaches the client as UNKNOWN with the exception's own text.
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
# Clients refuse trailing metadata of more than 8 kB; details are base64 there, and travel with other keys.
MAX_DETAILS_BYTES = 4000
# The message travels apart as well, each byte that is not ASCII as three.
MAX_MESSAGE_BYTES = 700
STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}


class ErrorsInterceptor:
    """Answers with canonical statuses; logs what nobody expected."""

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the catch-all."""

        async def guarded(request: Any, call: Call) -> Any:
            try:
                return await handler(request, call)
            except (asyncio.CancelledError, grpc.aio.AbortError):
                raise
            except Exception as error:
                shown = shown_error(error)
                if isinstance(shown, Internal):
                    log.exception("rpc.fault", method=rpc.full_method)
                await _abort(call, shown)

        return guarded


def shown_error(error: BaseException) -> DomainError:
    """Returns what the caller may know of an exception."""
    if isinstance(error, DomainError):
        return error
    translated = orm.translate(error)
    if translated is not None:
        return translated
    return Internal("the server failed on this request; its operator finds the cause by the request id")


def code_of(error: BaseException) -> str:
    """Returns the canonical name of the status code that `error` is answered with, for logs and metrics."""
    if isinstance(error, asyncio.CancelledError):
        return "CANCELLED"
    if isinstance(error, grpc.aio.AbortError):
        return "ABORTED_BY_HANDLER"
    return shown_error(error).code.name


async def _abort(call: Call, error: DomainError) -> NoReturn:
    status = to_status(error, request_id=call.request_id or REQUEST_ID.get())
    await call.context.abort(
        STATUS_CODES[status.code],
        status.message,
        (*call.context.trailing_metadata(), ("grpc-status-details-bin", status.SerializeToString())),
    )
    raise AssertionError("abort always raises")


def to_status(error: DomainError, *, request_id: str) -> status_pb2.Status:
    """Returns the google.rpc.Status of an error, its details within what clients accept.

    ErrorInfo and RequestInfo come first; of the others, violations from the end are left out first.
    """
    status = status_pb2.Status(code=error.code, message=_clipped(error.message, MAX_MESSAGE_BYTES))
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    status.details.append(_packed(info))
    if request_id:
        status.details.append(_packed(error_details_pb2.RequestInfo(request_id=request_id)))
    for detail in _further_details(error):
        status.details.append(_packed(detail))
        if status.ByteSize() > MAX_DETAILS_BYTES:
            del status.details[-1]
    return status


def _further_details(error: DomainError) -> Iterable[Any]:
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
            field=_clipped(violation.field, 200),
            description=_clipped(violation.description, 300),
            reason=_clipped(violation.rule, 60),
        )
        if detail.ByteSize() > MAX_DETAILS_BYTES - 1500:
            del detail.field_violations[-1]
            break
    return detail


def _clipped(text: str, size: int) -> str:
    """Returns as many whole characters as fit in `size` bytes."""
    return text.encode(errors="replace")[:size].decode(errors="ignore")


def _packed(detail: Any) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed
