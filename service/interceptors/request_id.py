"""Request id: names every call, so that a caller's report finds the log lines."""

from __future__ import annotations

import re
import secrets
from typing import Any

from service.interceptors.chain import Call, Handler, Rpc
from service.log import REQUEST_ID

METADATA_KEY = "x-request-id"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdInterceptor:
    """Takes the caller's x-request-id when it is well-formed, else makes one; sends it back either way."""

    def wrap(self, _rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the id in the log's context."""

        async def named(request: Any, call: Call) -> Any:
            call.metadata = dict(call.context.invocation_metadata() or ())
            offered = call.metadata.get(METADATA_KEY)
            well_formed = isinstance(offered, str) and ACCEPTED.fullmatch(offered)
            call.request_id = str(offered) if well_formed else secrets.token_hex(8)
            REQUEST_ID.set(call.request_id)
            call.context.set_trailing_metadata(((METADATA_KEY, call.request_id),))
            return await handler(request, call)

        return named
