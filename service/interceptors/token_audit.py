"""Token audit: records tokens that this service never signed, in the log and in the audit trail."""

from __future__ import annotations

import time
from typing import Any

import structlog

from service import audit
from service.auth.tokens import TokenInvalid
from service.interceptors.chain import Call, Handler, Rpc

log: structlog.stdlib.BoundLogger = structlog.get_logger()
INTERVAL = 1.0
"""Seconds between two events of one worker: a flood must neither fill the trail nor load the database."""


class TokenAuditInterceptor:
    """Records refused tokens, except expired and revoked ones. The token itself is not recorded."""

    def __init__(self) -> None:
        self._next = 0.0
        self._unrecorded = 0

    def __call__(self, rpc: Rpc, handler: Handler) -> Handler:
        """Records the forged tokens that authentication refuses; health checks and reflection need no token."""
        if rpc.is_infrastructure:
            return handler

        async def audited(request: Any, call: Call) -> Any:
            try:
                return await handler(request, call)
            except TokenInvalid as error:
                if error.is_forged:
                    await self._record(call)
                raise

        return audited

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
        except Exception as error:  # noqa: BLE001 - the caller's answer must not depend on the audit trail
            log.warning("token_audit.write_failed", error=type(error).__name__)
