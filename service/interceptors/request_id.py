"""Request ids: every call has an id that connects the caller's report with the log lines."""

from __future__ import annotations

import itertools
import re
import secrets
from typing import Any

from service.interceptors.chain import Call, Handler, Rpc
from service.observability.logging import REQUEST_ID

METADATA_KEY = "x-request-id"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def assign_request_id(_rpc: Rpc, handler: Handler) -> Handler:
    """Uses the caller's x-request-id if it is well-formed, else a new id; returns the id in the trailing metadata."""
    # Starts at a random number and counts from there: asking the system for random bytes costs more than the rest.
    new_ids = (f"{number:016x}" for number in itertools.count(secrets.randbits(63)))

    async def with_request_id(request: Any, call: Call) -> Any:
        call.request_id = accepted_id(call.metadata.get(METADATA_KEY)) or next(new_ids)
        REQUEST_ID.set(call.request_id)
        call.context.set_trailing_metadata(((METADATA_KEY, call.request_id),))
        return await handler(request, call)

    return with_request_id


def accepted_id(offered: str | bytes | None) -> str:
    """Returns the id that the caller sent, or "" if there is none or it is not well-formed."""
    return offered if isinstance(offered, str) and ACCEPTED.fullmatch(offered) else ""
