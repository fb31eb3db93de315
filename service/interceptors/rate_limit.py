"""Rate limits: counts every call, including the calls that authentication rejects."""

from __future__ import annotations

from typing import Any

from service.auth.policy import MethodClass, rule_for
from service.errors import PermissionDenied, Unauthenticated
from service.interceptors.chain import Call, Handler, Rpc
from service.ratelimit.limiter import RateLimiter


def limit_rate(rpc: Rpc, handler: Handler, *, limiter: RateLimiter) -> Handler:
    """Counts each call in the class of its rpc and refuses it above the limit.

    Raises PolicyMissing for an rpc without a rule.
    """
    method_class = rule_for(rpc.full_method).method_class
    if method_class is MethodClass.EXEMPT:
        return handler
    count = limiter.counter(method_class)

    async def counted(request: Any, call: Call) -> Any:
        call.is_counted = True
        pending = count(call.principal, call.client_info.peer)
        if pending is not None:
            await pending
        return await handler(request, call)

    return counted


def limit_rejected_calls(rpc: Rpc, handler: Handler, *, limiter: RateLimiter) -> Handler:
    """Counts the calls that authentication rejects before `limit_rate` sees them.

    They count as reads, so that invalid tokens use up no sign-ins. Health checks and reflection are never counted.
    """
    if rpc.is_infrastructure:
        return handler
    count = limiter.counter(MethodClass.READ)

    async def counted_if_rejected(request: Any, call: Call) -> Any:
        try:
            return await handler(request, call)
        except (Unauthenticated, PermissionDenied):
            pending = None if call.is_counted else count(call.principal, call.client_info.peer)
            if pending is not None:
                await pending
            raise

    return counted_if_rejected
