"""First answers: what makes a repeated request_id return what it returned before (AIP-155)."""

from __future__ import annotations

from uuid import UUID

from tortoise import Model, fields
from tortoise.fields.db_defaults import Now

from service.database.orm import connection
from service.errors import FieldViolation, InvalidArgument


class RequestIdReused(InvalidArgument):
    """The caller sent another request under this id before."""

    def __init__(self) -> None:
        description = "was used for another request; make a new one"
        super().__init__(
            f"request_id: {description}",
            violations=[FieldViolation("request_id", "request_id.unique", description)],
        )


class IdempotencyKey(Model):
    """The first answer to a request_id, to be given again to a repeat."""

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


async def claim(*, caller: str, method: str, request_id: UUID, request_sha256: bytes) -> int | None:
    """Reserves a request_id within the current transaction; returns the key's id, None when it was answered before.

    Waits for a concurrent transaction that has it, and takes over when that one fails.
    """
    rows = await connection().execute_query_dict(
        "INSERT INTO idempotency_keys (caller, method, request_id, request_sha256) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (caller, method, request_id) DO NOTHING RETURNING id",
        [caller, method, request_id, request_sha256],
    )
    return rows[0]["id"] if rows else None


async def keep_response(key_id: int, response: bytes) -> None:
    """Keeps the answer to a claimed request_id, within the claiming transaction."""
    await IdempotencyKey.filter(id=key_id).update(response=response)


async def first_response(*, caller: str, method: str, request_id: UUID, request_sha256: bytes) -> bytes:
    """Returns the answer that a request_id got before; raises RequestIdReused when that was to another request."""
    known = await IdempotencyKey.get(caller=caller, method=method, request_id=request_id)
    if bytes(known.request_sha256) != request_sha256:
        raise RequestIdReused
    return bytes(known.response or b"")
