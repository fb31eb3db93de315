"""Standing: a stream ends with the token that it was opened with, be that at its end or by revocation."""

from __future__ import annotations

import asyncio
from typing import Any

from service.errors import DomainError
from service.interceptors.authentication import Verifier, token_of
from service.interceptors.chain import Call, Handler, Rpc


class StandingInterceptor:
    """Asks again and again whether the token of a stream under way is good still."""

    def __init__(self, verifier: Verifier, *, interval: float) -> None:
        """`interval`: seconds between two questions."""
        self._verifier = verifier
        self._interval = interval

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds a stream; unary calls are over before it matters, and infrastructure takes no token."""
        if not rpc.response_streaming or rpc.is_infrastructure:
            return handler

        async def standing(request: Any, call: Call) -> Any:
            token = token_of(call)
            if token is None:
                return await handler(request, call)
            refusals: list[DomainError] = []
            try:
                async with asyncio.timeout(None) as timer:
                    asking = asyncio.create_task(self._ask(token, timer, refusals))
                    try:
                        return await handler(request, call)
                    finally:
                        asking.cancel()
            except TimeoutError as error:
                if not refusals:
                    raise
                raise refusals[0] from error

        return standing

    async def _ask(self, token: str, timer: asyncio.Timeout, refusals: list[DomainError]) -> None:
        """Ends the stream by its timer as soon as the token is refused."""
        while not refusals:
            await asyncio.sleep(self._interval)
            try:
                self._verifier.verify(token)
            except DomainError as error:
                refusals.append(error)
        timer.reschedule(0)
