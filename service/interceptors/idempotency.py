"""Idempotency: a request that comes again under its `request_id` gets its first answer, and is not done again."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from google.protobuf import message_factory

from service.api.idempotency import claim, first_response, keep_response
from service.auth.principal import Principal
from service.database.orm import transaction
from service.interceptors.chain import Call, Handler, Rpc


class IdempotencyInterceptor:
    """Puts the request_id, the act and its answer into one transaction: all of them stay or none does.

    Ids are a caller's own, for each method. Only answers are kept: a request that was refused may come again.
    """

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler of a unary rpc with the look-up."""
        if not rpc.takes("request_id"):
            return handler

        async def repeatable(request: Any, call: Call) -> Any:
            request_id = getattr(request, "request_id", "")
            if not request_id or call.principal.is_anonymous:
                return await handler(request, call)
            key: dict[str, Any] = {
                "caller": caller_of(call.principal),
                "method": rpc.full_method,
                "request_id": UUID(request_id),
                "request_sha256": _fingerprint(request),
            }
            async with transaction():
                key_id = await claim(**key)
                if key_id is None:
                    return message_factory.GetMessageClass(rpc.response_type).FromString(await first_response(**key))
                response = await handler(request, call)
                await keep_response(key_id, response.SerializeToString())
                return response

        return repeatable


def _fingerprint(request: Any) -> bytes:
    """Returns a hash of what a request asks for; a trial asks for what the act itself does."""
    asked = type(request)()
    asked.CopyFrom(request)
    # One id in capital or small letters, as it is one in the table.
    asked.request_id = str(UUID(asked.request_id))
    if "validate_only" in asked.DESCRIPTOR.fields_by_name:
        asked.ClearField("validate_only")
    return hashlib.sha256(asked.SerializeToString(deterministic=True)).digest()


def caller_of(principal: Principal) -> str:
    """Returns the name that a caller's request_ids are kept under."""
    return f"{'services' if principal.is_service else 'users'}/{principal.subject}"
