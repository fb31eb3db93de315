"""`marquee tokens`: service tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from service.cli.configuration import read_settings
from service.cli.output import JsonOutput, print_line, print_list

if TYPE_CHECKING:
    from service.auth.service_tokens import ServiceToken
    from service.settings import Settings

COLUMNS = ("id", "service", "scopes", "state", "issued", "expires", "signed_by")

app = typer.Typer(no_args_is_help=True, help="Service tokens.")


@app.command("issue")
def issue(
    *,
    service: Annotated[str, typer.Option(help="Name of the service.")],
    scope: Annotated[list[str], typer.Option(help="Permission of the token, such as media.register; repeatable.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until the token expires.")] = 365,
) -> None:
    """Register a token for a service and print it."""
    typer.echo(asyncio.run(_issue_token(read_settings(), service=service, scopes=scope, days=days)))


@app.command("list")
def list_(*, as_json: JsonOutput = False) -> None:
    """List the service tokens, the newest first."""
    asyncio.run(_list_tokens(read_settings(), as_json=as_json))


@app.command("revoke")
def revoke(token_id: Annotated[UUID, typer.Argument(metavar="ID", help="Id from `marquee tokens list`.")]) -> None:
    """Revoke a service token; every server refuses it within seconds."""
    asyncio.run(_revoke_token(read_settings(), token_id))


async def _issue_token(settings: Settings, *, service: str, scopes: Collection[str], days: int) -> str:
    from service.auth import service_tokens
    from service.auth.keys import KeyRing
    from service.auth.tokens import TokenIssuer
    from service.database import orm

    issuer = TokenIssuer.from_settings(settings, KeyRing.from_settings(settings))
    async with orm.connected(settings):
        issued = await service_tokens.issue(issuer, service=service, scopes=scopes, ttl=days * 86400.0)
    return issued.token


async def _list_tokens(settings: Settings, *, as_json: bool) -> None:
    from service.auth import service_tokens
    from service.database import orm

    async with orm.connected(settings):
        tokens = await service_tokens.list_tokens()
    print_list(COLUMNS, [_row(token) for token in tokens], as_json=as_json)


async def _revoke_token(settings: Settings, token_id: UUID) -> None:
    from service.auth import service_tokens
    from service.database import orm

    async with orm.connected(settings):
        revoked = await service_tokens.revoke(token_id)
    print_line(f"{token_id} is refused within seconds" if revoked else f"{token_id} was revoked before")


def _row(token: ServiceToken) -> tuple[object, ...]:
    expired = token.expires_at <= datetime.now(UTC)
    state = "revoked" if token.revoked_at else "expired" if expired else "valid"
    return (token.id, token.service, token.scopes, state, token.created_at, token.expires_at, token.kid)
