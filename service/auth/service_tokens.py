"""Tokens of services: handed out by an operator, listed, revoked."""

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
CLOCKS_DIFFER = timedelta(minutes=1)


class ServiceNameInvalid(InvalidArgument):
    """A service is named by lower-case letters, digits, dots, hyphens and underscores."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} names no service: use up to 100 of a-z, 0-9, '.', '-' and '_', a letter or digit first"
        )


class ScopeUnknown(InvalidArgument):
    """No rpc asks for this scope."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"no rpc asks for the scope {scope!r}; there is {', '.join(sorted(known_scopes()))}")


class ServiceTokenNotFound(NotFound):
    """No such token was handed out."""

    def __init__(self, token_id: UUID) -> None:
        super().__init__(f"no service token {token_id}")


class ServiceToken(Model):
    """A token that was handed out, without the token itself."""

    id = fields.UUIDField(primary_key=True)
    """The token's `jti`."""
    service = fields.CharField(max_length=100)
    scopes: Any = fields.JSONField()
    kid = fields.CharField(max_length=64)
    """Key that signed it, which must not be retired before it ends."""
    created_at = fields.DatetimeField(db_default=Now())
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "service_tokens"


def known_scopes() -> frozenset[str]:
    """Returns every scope that the policy table asks for."""
    return frozenset(rule.scope for rule in POLICY.values() if rule.scope)


async def issue(issuer: TokenIssuer, *, service: str, scopes: Collection[str], ttl: float) -> IssuedToken:
    """Registers and returns a token that lives `ttl` seconds; raises ServiceNameInvalid and ScopeUnknown."""
    if not NAME.fullmatch(service):
        raise ServiceNameInvalid(service)
    for scope in sorted(set(scopes) - known_scopes()):
        raise ScopeUnknown(scope)
    may = sorted(set(scopes))
    token = issuer.issue_service(service, scopes=may, ttl=ttl)
    async with transaction():
        await ServiceToken.create(
            id=token.token_id, service=service, scopes=may, kid=token.kid, expires_at=token.expires_at
        )
        await audit.record(
            "tokens.issue", resource=_resource(token.token_id), actor_user_id=None, service=service, scopes=may
        )
    return token


async def list_tokens() -> list[ServiceToken]:
    """Returns every token that was handed out, the newest first."""
    return await ServiceToken.all().order_by("-created_at", "id")


async def revoke(token_id: UUID) -> bool:
    """Makes a token worthless on every server within seconds; returns False when it was already.

    Raises ServiceTokenNotFound.
    """
    async with transaction():
        revoked = await ServiceToken.filter(id=token_id, revoked_at=None).update(revoked_at=datetime.now(UTC))
        token = await ServiceToken.get_or_none(id=token_id)
        if token is None:
            raise ServiceTokenNotFound(token_id)
        if revoked:
            await write_revocations([(f"token:{token_id.hex}", None)], expires_at=token.expires_at + CLOCKS_DIFFER)
            await audit.record("tokens.revoke", resource=_resource(token_id), actor_user_id=None, service=token.service)
    return bool(revoked)


async def last_ends() -> dict[str, datetime]:
    """Returns for each key when the last of the tokens that it signed ends, the revoked ones aside."""
    good = ServiceToken.filter(revoked_at=None).annotate(last=Max("expires_at"))
    return dict(await good.group_by("kid").values_list("kid", "last"))


def _resource(token_id: UUID) -> str:
    return f"service-tokens/{token_id}"
