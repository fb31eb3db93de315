"""ClientInfo: makes known where each call comes from."""

from __future__ import annotations

from typing import Any

from service.auth.client_info import CURRENT, client_info_of
from service.interceptors.chain import Call, Handler, Rpc

FORWARDED = "x-forwarded-for"
DEVICE = "x-device-label"
USER_AGENT = "user-agent"


class ClientInfoInterceptor:
    """Finds the caller's network and device, and believes of the metadata only what trusted proxies wrote."""

    def __init__(self, *, trusted_proxies: int) -> None:
        """`trusted_proxies`: how many stand in front, each appending to x-forwarded-for."""
        self._trusted_proxies = trusted_proxies

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the origin; infrastructure calls need none."""
        if rpc.is_infrastructure:
            return handler
        trusted_proxies = self._trusted_proxies

        async def placed(request: Any, call: Call) -> Any:
            told = call.metadata
            call.client_info = client_info_of(
                call.context.peer(), told.get(FORWARDED), trusted_proxies, told.get(DEVICE), told.get(USER_AGENT)
            )
            CURRENT.set(call.client_info)
            return await handler(request, call)

        return placed
