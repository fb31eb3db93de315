"""Rate limits: counts every call, also those that authentication turns away."""

from __future__ import annotations

from typing import Any

from service.auth.policy import MethodClass, rule_for
from service.errors import PermissionDenied, Unauthenticated
from service.interceptors.chain import Call, Handler, Rpc
from service.ratelimit.limiter import RateLimiter


class RateLimitInterceptor:
    """Counts a call under its rpc's class, and refuses it beyond the limit."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the count; raises PolicyMissing for an rpc without a rule."""
        method_class = rule_for(rpc.full_method).method_class
        if method_class is MethodClass.EXEMPT:
            return handler
        count = self._limiter.counting(method_class)

        async def counted(request: Any, call: Call) -> Any:
            call.is_counted = True
            waits = count(call.principal, call.client_info.peer)
            if waits is not None:
                await waits
            return await handler(request, call)

        return counted


class TurnedAwayInterceptor:
    """Counts what is turned away before it is counted: as a read, so that bad tokens use up nobody's sign-ins."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds authentication; infrastructure calls are never counted."""
        if rpc.is_infrastructure:
            return handler

        count = self._limiter.counting(MethodClass.READ)

        async def counted(request: Any, call: Call) -> Any:
            try:
                return await handler(request, call)
            except (Unauthenticated, PermissionDenied):
                waits = None if call.is_counted else count(call.principal, call.client_info.peer)
                if waits is not None:
                    await waits
                raise

        return counted
