"""Idempotency: a repeated request with the same `request_id` returns the first response and runs nothing (AIP-155)."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from google.protobuf import message_factory

from service.api.idempotency import claim_request_id, get_stored_response, store_response
from service.auth.principal import Principal
from service.database.orm import transaction
from service.interceptors.chain import Call, Handler, Rpc


def deduplicate(rpc: Rpc, handler: Handler) -> Handler:
    """Runs a request and stores its `request_id` and response in one transaction: all of them persist, or none.

    Request ids are separate for each caller and method. Only responses are stored: a request that failed may be
    repeated with the same id.
    """
    if not rpc.has_request_field("request_id"):
        return handler

    async def deduplicated(request: Any, call: Call) -> Any:
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
            key_id = await claim_request_id(**key)
            if key_id is None:
                return message_factory.GetMessageClass(rpc.response_type).FromString(await get_stored_response(**key))
            response = await handler(request, call)
            await store_response(key_id, response.SerializeToString())
            return response

    return deduplicated


def _fingerprint(request: Any) -> bytes:
    """Returns the SHA-256 of a request without `validate_only`: a dry run and its real call have the same hash."""
    normalized = type(request)()
    normalized.CopyFrom(request)
    # The table stores a UUID, so upper and lower case are the same id.
    normalized.request_id = str(UUID(normalized.request_id))
    if "validate_only" in normalized.DESCRIPTOR.fields_by_name:
        normalized.ClearField("validate_only")
    return hashlib.sha256(normalized.SerializeToString(deterministic=True)).digest()


def caller_of(principal: Principal) -> str:
    """Returns the name under which the request ids of a caller are stored."""
    return f"{'services' if principal.is_service else 'users'}/{principal.subject}"
