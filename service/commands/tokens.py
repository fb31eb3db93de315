"""Commands on tokens of services."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from service.commands.terminal import moment, say, show_rows
from service.settings import Settings

if TYPE_CHECKING:
    from service.auth.service_tokens import ServiceToken


async def issue_service_token(settings: Settings, *, service: str, scopes: Collection[str], days: int) -> str:
    """Registers and returns a service's token."""
    from service.auth import service_tokens
    from service.auth.keys import KeyRing
    from service.auth.tokens import TokenIssuer
    from service.database import orm

    issuer = TokenIssuer.from_settings(settings, KeyRing.from_settings(settings))
    async with orm.connected(settings):
        issued = await service_tokens.issue(issuer, service=service, scopes=scopes, ttl=days * 86400.0)
    return issued.token


async def list_service_tokens(settings: Settings) -> None:
    """Prints the services' tokens, the newest first."""
    from service.auth import service_tokens
    from service.database import orm

    async with orm.connected(settings):
        tokens = await service_tokens.list_tokens()
    header = ("id", "service", "scopes", "state", "issued", "ends", "signed by")
    show_rows(header, *map(_row, tokens))


async def revoke_service_token(settings: Settings, token_id: UUID) -> None:
    """Revokes a service's token; a repeat changes nothing."""
    from service.auth import service_tokens
    from service.database import orm

    async with orm.connected(settings):
        revoked = await service_tokens.revoke(token_id)
    say(f"{token_id} is refused within seconds" if revoked else f"{token_id} was revoked before")


def _row(token: ServiceToken) -> tuple[str, ...]:
    ended = "ended" if token.expires_at <= datetime.now(UTC) else "good"
    state = "revoked" if token.revoked_at else ended
    times = moment(token.created_at), moment(token.expires_at)
    return (str(token.id), token.service, " ".join(token.scopes), state, *times, token.kid)
