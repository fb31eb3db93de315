"""Audit log: the actor, action and resource of each change, written in the transaction of the change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise import Model, fields
from tortoise.expressions import Q
from tortoise.fields.db_defaults import Now, SqlDefault

from service.api.pagination import Page, PageTokens, page_size
from service.observability.logging import REQUEST_ID


class AuditEvent(Model):
    """One action. It has no foreign keys: events of an erased user stay, with the id only."""

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
    """Writes one event in the current transaction; `detail` must not contain secrets."""
    await AuditEvent.create(
        action=action,
        resource=resource,
        outcome=outcome,
        actor_user_id=actor_user_id,
        request_id=REQUEST_ID.get() or None,
        detail=detail,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Conditions for the events to list. None or empty means no condition."""

    concerning_user_id: int | None = None
    """Only events that this user caused, or that are about their account."""
    actor_user_id: int | None = None
    action: str = ""
    resource: str = ""
    created_from: datetime | None = None
    created_before: datetime | None = None


async def list_audit_events(
    filter_: AuditFilter, *, page_tokens: PageTokens, size: int, page_token: str
) -> Page[AuditEvent]:
    """Returns a page of the events that match a filter, newest first; raises PageTokenInvalid."""
    binding = ("ListAuditEvents", filter_)
    position = page_tokens.read(page_token, binding=binding)
    conditions = {
        "id__lt": position[0] if position else None,
        "actor_user_id": filter_.actor_user_id,
        "action": filter_.action,
        "resource": filter_.resource,
        "created_at__gte": filter_.created_from,
        "created_at__lt": filter_.created_before,
    }
    events = AuditEvent.filter(**{name: value for name, value in conditions.items() if value not in (None, "")})
    if filter_.concerning_user_id is not None:
        events = events.filter(events_about(filter_.concerning_user_id))
    limit = page_size(size)
    found = await events.order_by("-id").limit(limit + 1)
    more = len(found) > limit
    return Page(found[:limit], page_tokens.make([found[limit - 1].id], binding=binding) if more else "")


def events_about(user_id: int) -> Q:
    """Returns the condition for events that a user caused, or that are about their account."""
    return Q(actor_user_id=user_id) | Q(resource=f"users/{user_id}")
