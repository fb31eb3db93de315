"""`marquee tokens`: tokens of services."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from service.command_line.configuration import read_settings

app = typer.Typer(no_args_is_help=True, help="Tokens of services.")


@app.command("issue")
def issue(
    *,
    service: Annotated[str, typer.Option(help="Name of the service.")],
    scope: Annotated[list[str], typer.Option(help="What it may do, such as media.register; repeatable.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until it ends.")] = 365,
) -> None:
    """Register a token for a service and print it."""
    from service import commands

    typer.echo(asyncio.run(commands.issue_service_token(read_settings(), service=service, scopes=scope, days=days)))


@app.command("list")
def list_() -> None:
    """List the services' tokens, the newest first."""
    from service import commands

    asyncio.run(commands.list_service_tokens(read_settings()))


@app.command("revoke")
def revoke(
    token_id: Annotated[UUID, typer.Argument(metavar="ID", help="As `marquee tokens list` has it.")],
) -> None:
    """Make a service's token worthless within seconds."""
    from service import commands

    asyncio.run(commands.revoke_service_token(read_settings(), token_id))
