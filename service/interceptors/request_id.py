"""Request id: names every call, so that a caller's report finds the log lines."""

from __future__ import annotations

import itertools
import re
import secrets
from typing import Any

from service.interceptors.chain import Call, Handler, Rpc
from service.observability.logging import REQUEST_ID

METADATA_KEY = "x-request-id"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdInterceptor:
    """Takes the caller's x-request-id when it is well-formed, else makes one; sends it back either way."""

    def __init__(self) -> None:
        # Random once a worker and counted from there: asking the system for each id takes longer than all else here.
        self._made = (f"{number:016x}" for number in itertools.count(secrets.randbits(63)))

    def wrap(self, _rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the id in the log's context."""

        async def named(request: Any, call: Call) -> Any:
            call.request_id = accepted_id(call.metadata.get(METADATA_KEY)) or next(self._made)
            REQUEST_ID.set(call.request_id)
            call.context.set_trailing_metadata(((METADATA_KEY, call.request_id),))
            return await handler(request, call)

        return named


def accepted_id(offered: str | bytes | None) -> str:
    """Returns the caller's own id, empty when there is none or it is not well-formed."""
    return offered if isinstance(offered, str) and ACCEPTED.fullmatch(offered) else ""
