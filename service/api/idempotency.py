"""Idempotency keys: the stored response to each request_id, which a repeated request gets again (AIP-155)."""

from __future__ import annotations

from uuid import UUID

from tortoise import Model, fields
from tortoise.fields.db_defaults import Now

from service.database.orm import connection
from service.errors import FieldViolation, InvalidArgument


class RequestIdReused(InvalidArgument):
    """The caller has already used this request_id for another request."""

    def __init__(self) -> None:
        description = "was used for another request; generate a new one"
        super().__init__(
            f"request_id: {description}",
            violations=[FieldViolation("request_id", "request_id.unique", description)],
        )


class IdempotencyKey(Model):
    """A request_id and the response to its first request."""

    id = fields.BigIntField(primary_key=True)
    caller = fields.CharField(max_length=100)
    method = fields.CharField(max_length=200)
    request_id = fields.UUIDField()
    request_sha256 = fields.BinaryField()
    response = fields.BinaryField(null=True)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        """Table."""

        table = "idempotency_keys"
        unique_together = (("caller", "method", "request_id"),)
        indexes = (("created_at",),)


async def claim_request_id(*, caller: str, method: str, request_id: UUID, request_sha256: bytes) -> int | None:
    """Claims a request_id in the current transaction; returns the key's id, or None if a response is stored already.

    Waits for a concurrent transaction with the same request_id, and claims the id when that transaction fails.
    """
    rows = await connection().execute_query_dict(
        "INSERT INTO idempotency_keys (caller, method, request_id, request_sha256) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (caller, method, request_id) DO NOTHING RETURNING id",
        [caller, method, request_id, request_sha256],
    )
    return rows[0]["id"] if rows else None


async def store_response(key_id: int, response: bytes) -> None:
    """Stores the response for a claimed request_id. Must run in the transaction that claimed it."""
    await IdempotencyKey.filter(id=key_id).update(response=response)


async def get_stored_response(*, caller: str, method: str, request_id: UUID, request_sha256: bytes) -> bytes:
    """Returns the stored response for a request_id; raises RequestIdReused if that was for another request."""
    key = await IdempotencyKey.get(caller=caller, method=method, request_id=request_id)
    if bytes(key.request_sha256) != request_sha256:
        raise RequestIdReused
    return bytes(key.response or b"")
