"""Forgery: tokens that nobody here ever signed are put on record."""

from __future__ import annotations

import time
from typing import Any

import structlog

from service import audit
from service.auth.tokens import TokenInvalid
from service.interceptors.chain import Call, Handler, Rpc

log: structlog.stdlib.BoundLogger = structlog.get_logger()
INTERVAL = 1.0
"""Seconds between two events of one worker: a flood must neither fill the trail nor keep the database busy."""


class ForgeryInterceptor:
    """Records refused tokens that did not merely end, without the token, in the log and in the audit trail."""

    def __init__(self) -> None:
        self._next = 0.0
        self._unrecorded = 0

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds authentication."""

        async def recorded(request: Any, call: Call) -> Any:
            try:
                return await handler(request, call)
            except TokenInvalid as error:
                if error.is_forged:
                    await self._record(call)
                raise

        return handler if rpc.is_infrastructure else recorded

    async def _record(self, call: Call) -> None:
        now = time.monotonic()
        if now < self._next:
            self._unrecorded += 1
            return
        self._next, unrecorded, self._unrecorded = now + INTERVAL, self._unrecorded, 0
        method = call.rpc.full_method
        log.warning("token.forged", method=method, peer=call.client_info.peer, more=unrecorded)
        try:
            await audit.record(
                "tokens.refuse", resource=method, actor_user_id=None, outcome="denied", unrecorded_before=unrecorded
            )
        except Exception as error:  # noqa: BLE001 - the answer stays the same, whatever state the trail is in
            log.warning("token.forgery_unrecorded", error=type(error).__name__)
