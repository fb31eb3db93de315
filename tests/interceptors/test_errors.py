"""For every exception of a handler, the caller receives only what they may know."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2
from marquee.catalog.v1 import movies_pb2

from service import errors
from service.errors import Code, DomainError, FieldsInvalid, FieldViolation, Resource
from service.interceptors.errors import MAX_DETAILS_BYTES, to_status
from tests.client import refused
from tests.interceptors.fakes import serving

CANARY = "canary-7f3a"


class CanaryError(Exception):
    """An exception whose name must not reach the client."""


class StoreFull(errors.FailedPrecondition):
    """A domain error of these tests."""


def raising(error: BaseException) -> Any:
    async def handler(_request: object, _context: object) -> movies_pb2.GetMovieResponse:
        raise error

    return handler


@pytest.mark.parametrize(
    "error",
    [
        CanaryError(CANARY),
        ValueError(CANARY),
        KeyError(CANARY),
        AssertionError(CANARY),
        RecursionError(CANARY),
        MemoryError(CANARY),
        NotImplementedError(CANARY),
        ExceptionGroup(CANARY, [CanaryError(CANARY)]),
        StopAsyncIteration(CANARY),
        grpc.RpcError(CANARY),
        UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
        FileNotFoundError(2, CANARY, CANARY),
    ],
)
async def test_an_unexpected_error_is_internal_and_reveals_nothing(make_settings: Any, error: BaseException) -> None:
    async with serving(make_settings(), raising(error)) as served:
        call = served.call()
        refusal = await refused(call)
        raw = str(await call.trailing_metadata()) + (await call.details())
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
        assert refusal.message == (
            "the server failed; send the request id to its operator, who finds the cause in the log"
        )
        assert refusal.details["ErrorInfo"].domain == "marquee"
        assert refusal.details["RequestInfo"].request_id
        for secret in (CANARY, "canary", type(error).__name__):
            assert secret not in raw
        assert served.metrics.codes == ["INTERNAL"]


@pytest.mark.parametrize("code", list(Code))
async def test_every_code_reaches_the_client_unchanged(make_settings: Any, code: Code) -> None:
    kinds = [kind for kind in DomainError.__subclasses__() if kind.code is code]
    assert len(kinds) == 1
    async with serving(make_settings(), raising(kinds[0]("a sentence", metadata={"key": "value"}))) as served:
        refusal = await refused(served.call())
        assert refusal.code.name == code.name == code_pb2.Code.Name(code)
        assert (refusal.reason, refusal.message) == (code.name, "a sentence")
        assert dict(refusal.details["ErrorInfo"].metadata) == {"key": "value"}
        assert served.metrics.codes == [code.name]


async def test_an_error_has_its_details(make_settings: Any) -> None:
    error = StoreFull("full", resource=Resource("marquee.x.v1.Store", "7"), retry_after=1.25, quota="stores")
    async with serving(make_settings(), raising(error)) as served:
        details = (await refused(served.call())).details
        assert details["ErrorInfo"].reason == "STORE_FULL"
        assert details["RetryInfo"].retry_delay.ToMilliseconds() == 1250
        assert details["QuotaFailure"].violations[0].subject == "stores"
        assert (details["ResourceInfo"].resource_type, details["ResourceInfo"].resource_name) == (
            "marquee.x.v1.Store",
            "7",
        )
        precondition = details["PreconditionFailure"].violations[0]
        assert (precondition.type, precondition.subject) == ("STORE_FULL", "7")


@pytest.mark.parametrize("text", ["must be shorter " * 40, "\u6620\u753b" * 500, "\x01\x02" * 500])
async def test_hundreds_of_violations_reach_the_client(make_settings: Any, text: str) -> None:
    """As many as fit, because the client sees a broken stream if the status is too large."""
    error = FieldsInvalid([FieldViolation(f"renditions[{n}].key", "string.max_len", text) for n in range(400)])
    async with serving(make_settings(), raising(error)) as served:
        call = served.call()
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
        assert "renditions[0].key" in refusal.fields
        packed = dict(await call.trailing_metadata())["grpc-status-details-bin"]
        assert len(packed) <= MAX_DETAILS_BYTES


def test_the_size_of_a_status_is_limited() -> None:
    long = "\u6620" * 3000
    error = StoreFull(
        long, resource=Resource(long, long), quota=long, violations=[FieldViolation(long, long, long)] * 300
    )
    status = to_status(error, request_id="r" * 64)
    assert status.ByteSize() <= MAX_DETAILS_BYTES
    assert status.details[0].TypeName() == "google.rpc.ErrorInfo"


async def test_a_cancellation_passes(make_settings: Any) -> None:
    """Without it, the task of gRPC would never end."""
    started, cleaned = asyncio.Event(), asyncio.Event()

    async def handler(_request: object, _context: object) -> movies_pb2.GetMovieResponse:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cleaned.set()
            raise
        return movies_pb2.GetMovieResponse()

    async with serving(make_settings(), handler) as served:
        call = asyncio.ensure_future(served.call())
        await asyncio.wait_for(started.wait(), 5)
        call.cancel()
        await asyncio.wait_for(cleaned.wait(), 5)
        await served.chain.wait_until_idle()
        assert (served.chain.cancelled, served.metrics.active) == (1, 0)
        assert served.metrics.codes == ["CANCELLED"]


async def test_an_abort_by_the_handler_passes(make_settings: Any) -> None:
    async def handler(_request: object, context: Any) -> movies_pb2.GetMovieResponse:
        await context.abort(grpc.StatusCode.DATA_LOSS, "by itself")
        raise AssertionError

    async with serving(make_settings(), handler) as served:
        refusal = await refused(served.call())
        assert (refusal.code, refusal.message) == (grpc.StatusCode.DATA_LOSS, "by itself")


def test_a_reason_is_the_name_of_its_class() -> None:
    assert StoreFull.reason == "STORE_FULL"
