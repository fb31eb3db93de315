"""The audit trail: who did what to which record, written in the transaction of the act."""

from __future__ import annotations

from typing import Any

from tortoise import Model, fields
from tortoise.fields.db_defaults import Now, SqlDefault

from service.log import REQUEST_ID


class AuditEvent(Model):
    """One act. Has no foreign keys: the trail outlives an erased user, under the id alone."""

    id = fields.BigIntField(primary_key=True)
    actor_user_id = fields.IntField(null=True)
    action = fields.CharField(max_length=100)
    resource = fields.CharField(max_length=200)
    outcome = fields.CharField(max_length=20)
    request_id = fields.CharField(max_length=64, null=True)
    detail: Any = fields.JSONField(db_default=SqlDefault("'{}'"))
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        """Table."""

        table = "audit_log"
        indexes = (("actor_user_id", "id"), ("resource", "id"))


async def record(
    action: str, *, resource: str, actor_user_id: int | None, outcome: str = "ok", **detail: object
) -> None:
    """Writes one event into the current transaction; `detail` must hold no secret."""
    await AuditEvent.create(
        action=action,
        resource=resource,
        outcome=outcome,
        actor_user_id=actor_user_id,
        request_id=REQUEST_ID.get() or None,
        detail=detail,
    )
