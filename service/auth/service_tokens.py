"""Service tokens: an operator issues, lists and revokes them."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise import Model, fields
from tortoise.fields.db_defaults import Now
from tortoise.functions import Max

from service import audit
from service.auth.policy import POLICY
from service.auth.revocations import write_revocations
from service.auth.tokens import IssuedToken, TokenIssuer
from service.database.orm import transaction
from service.errors import InvalidArgument, NotFound

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
CLOCK_SKEW = timedelta(minutes=1)


class ServiceNameInvalid(InvalidArgument):
    """The name of a service has other characters than a-z, 0-9, ".", "-" and "_", or is too long."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is not a service name: use up to 100 of a-z, 0-9, '.', '-' and '_', a letter or digit first"
        )


class ScopeUnknown(InvalidArgument):
    """No rpc requires this scope."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"no rpc requires the scope {scope!r}; use one of {', '.join(sorted(known_scopes()))}")


class ServiceTokenNotFound(NotFound):
    """No such token was issued."""

    def __init__(self, token_id: UUID) -> None:
        super().__init__(f"there is no service token {token_id}; `marquee tokens list` shows all")


class ServiceToken(Model):
    """An issued token, without the token itself."""

    id = fields.UUIDField(primary_key=True)
    """The token's `jti`."""
    service = fields.CharField(max_length=100)
    scopes: Any = fields.JSONField()
    kid = fields.CharField(max_length=64)
    """The key that signed it; the key must not be retired before the token expires."""
    created_at = fields.DatetimeField(db_default=Now())
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "service_tokens"


def known_scopes() -> frozenset[str]:
    """Returns every scope that the policy table requires."""
    return frozenset(rule.scope for rule in POLICY.values() if rule.scope)


async def issue(issuer: TokenIssuer, *, service: str, scopes: Collection[str], ttl: float) -> IssuedToken:
    """Stores and returns a token that is valid for `ttl` seconds; raises ServiceNameInvalid and ScopeUnknown."""
    if not NAME.fullmatch(service):
        raise ServiceNameInvalid(service)
    for scope in sorted(set(scopes) - known_scopes()):
        raise ScopeUnknown(scope)
    sorted_scopes = sorted(set(scopes))
    token = issuer.issue_service(service, scopes=sorted_scopes, ttl=ttl)
    async with transaction():
        await ServiceToken.create(
            id=token.token_id, service=service, scopes=sorted_scopes, kid=token.kid, expires_at=token.expires_at
        )
        await audit.record(
            "tokens.issue",
            resource=_resource(token.token_id),
            actor_user_id=None,
            service=service,
            scopes=sorted_scopes,
        )
    return token


async def list_tokens() -> list[ServiceToken]:
    """Returns all issued tokens, the newest first."""
    return await ServiceToken.all().order_by("-created_at", "id")


async def revoke(token_id: UUID) -> bool:
    """Revokes a token on every server within seconds; returns False if it was already revoked.

    Raises ServiceTokenNotFound.
    """
    async with transaction():
        revoked = await ServiceToken.filter(id=token_id, revoked_at=None).update(revoked_at=datetime.now(UTC))
        token = await ServiceToken.get_or_none(id=token_id)
        if token is None:
            raise ServiceTokenNotFound(token_id)
        if revoked:
            await write_revocations([(f"token:{token_id.hex}", None)], expires_at=token.expires_at + CLOCK_SKEW)
            await audit.record("tokens.revoke", resource=_resource(token_id), actor_user_id=None, service=token.service)
    return bool(revoked)


async def latest_expiry_by_key() -> dict[str, datetime]:
    """Returns for each kid the latest expiry of the tokens that it signed, without revoked ones."""
    valid = ServiceToken.filter(revoked_at=None).annotate(last=Max("expires_at"))
    return dict(await valid.group_by("kid").values_list("kid", "last"))


def _resource(token_id: UUID) -> str:
    return f"service-tokens/{token_id}"
