"""`marquee tokens`: service tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from service.cli.configuration import read_settings
from service.cli.output import format_time, print_line, print_rows

if TYPE_CHECKING:
    from service.auth.service_tokens import ServiceToken
    from service.settings import Settings

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
def list_() -> None:
    """List the service tokens, the newest first."""
    asyncio.run(_list_tokens(read_settings()))


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


async def _list_tokens(settings: Settings) -> None:
    from service.auth import service_tokens
    from service.database import orm

    async with orm.connected(settings):
        tokens = await service_tokens.list_tokens()
    print_rows(("id", "service", "scopes", "state", "issued", "ends", "signed by"), *map(_row, tokens))


async def _revoke_token(settings: Settings, token_id: UUID) -> None:
    from service.auth import service_tokens
    from service.database import orm

    async with orm.connected(settings):
        revoked = await service_tokens.revoke(token_id)
    print_line(f"{token_id} is refused within seconds" if revoked else f"{token_id} was revoked before")


def _row(token: ServiceToken) -> tuple[str, ...]:
    ended = "ended" if token.expires_at <= datetime.now(UTC) else "good"
    state = "revoked" if token.revoked_at else ended
    times = format_time(token.created_at), format_time(token.expires_at)
    return (str(token.id), token.service, " ".join(token.scopes), state, *times, token.kid)
