"""First answers: what makes a repeated request_id return what it returned before (AIP-155)."""

from __future__ import annotations

from tortoise import Model, fields
from tortoise.fields.db_defaults import Now


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
