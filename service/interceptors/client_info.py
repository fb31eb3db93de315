"""Client info: finds the network and the device of each caller."""

from __future__ import annotations

from typing import Any

from service.auth.client_info import CURRENT, parse_client_info
from service.interceptors.chain import Call, Handler, Rpc

FORWARDED = "x-forwarded-for"
DEVICE = "x-device-label"
USER_AGENT = "user-agent"


def identify_client(rpc: Rpc, handler: Handler, *, trusted_proxies: int) -> Handler:
    """Sets the client info of each call, except for health checks and reflection.

    `trusted_proxies`: number of proxies in front of the server that append to x-forwarded-for. Only their entries are
    believed.
    """
    if rpc.is_infrastructure:
        return handler

    async def identified(request: Any, call: Call) -> Any:
        metadata = call.metadata
        call.client_info = parse_client_info(
            call.context.peer(),
            metadata.get(FORWARDED),
            trusted_proxies,
            metadata.get(DEVICE),
            metadata.get(USER_AGENT),
        )
        CURRENT.set(call.client_info)
        return await handler(request, call)

    return identified
