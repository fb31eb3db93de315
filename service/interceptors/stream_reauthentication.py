"""Stream re-authentication: ends a stream when the token that opened it expires or is revoked."""

from __future__ import annotations

import asyncio
from typing import Any

from service.errors import DomainError
from service.interceptors.authentication import Verifier, bearer_token
from service.interceptors.chain import Call, Handler, Rpc


def reauthenticate_streams(rpc: Rpc, handler: Handler, *, verifier: Verifier, interval: float) -> Handler:
    """Verifies the token of an open stream every `interval` seconds and ends the stream with the verifier's error.

    Unary calls end before it matters. Health watches and reflection need no token.
    """
    if not rpc.response_streaming or rpc.is_infrastructure:
        return handler

    async def reauthenticated(request: Any, call: Call) -> Any:
        token = bearer_token(call)
        if token is None:
            return await handler(request, call)
        errors: list[DomainError] = []
        try:
            async with asyncio.timeout(None) as timer:
                checks = asyncio.create_task(_check_until_refused(token, verifier, interval, timer, errors))
                try:
                    return await handler(request, call)
                finally:
                    checks.cancel()
        except TimeoutError as error:
            if not errors:
                raise
            raise errors[0] from error

    return reauthenticated


async def _check_until_refused(
    token: str, verifier: Verifier, interval: float, timer: asyncio.Timeout, errors: list[DomainError]
) -> None:
    """Adds the verifier's error to `errors` and ends the stream through its timer."""
    while not errors:
        await asyncio.sleep(interval)
        try:
            verifier.verify(token)
        except DomainError as error:
            errors.append(error)
    timer.reschedule(0)
