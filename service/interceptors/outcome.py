"""The code that a call ends with, as logs and metrics name it."""

from __future__ import annotations

import asyncio

import grpc

from service.interceptors.errors import shown_error


def code_of(error: BaseException) -> str:
    """Returns the canonical name of the code that `error` will be answered with."""
    if isinstance(error, asyncio.CancelledError):
        return "CANCELLED"
    if isinstance(error, grpc.aio.AbortError):
        return "ABORTED_BY_HANDLER"
    return shown_error(error).code.name
