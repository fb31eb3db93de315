"""`marquee users`: accounts."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from service.command_line.configuration import read_settings

app = typer.Typer(no_args_is_help=True, help="Accounts.")


Login = Annotated[str, typer.Argument(metavar="USERNAME", help="Name or email address of the account.")]


@app.command("create")
def create(
    username: str,
    *,
    email: Annotated[str, typer.Option(help="Address of the account.")],
    staff: Annotated[bool, typer.Option("--staff", help="May change the catalogue.")] = False,
    exist_ok: Annotated[bool, typer.Option("--exist-ok", help="No error when the name is taken.")] = False,
) -> None:
    """Make an account; the password is read from standard input."""
    from service import commands

    settings = read_settings(serving=True)
    made = asyncio.run(
        commands.create_user(settings, username=username, email=email, password=_password(), staff=staff)
    )
    sys.exit(0 if made or exist_ok else 1)


@app.command("create-superuser")
def create_superuser(username: str, *, email: Annotated[str, typer.Option(help="Address of the account.")]) -> None:
    """Make an account that may change roles; the password is read from standard input."""
    from service import commands

    settings = read_settings(serving=True)
    made = asyncio.run(
        commands.create_user(settings, username=username, email=email, password=_password(), staff=True, superuser=True)
    )
    sys.exit(0 if made else 1)


@app.command("set-password")
def set_password(username: Login) -> None:
    """Give an account another password and end its sessions; the password is read from standard input."""
    from service import commands

    asyncio.run(commands.set_password(read_settings(serving=True), username, password=_password()))


@app.command("activate")
def activate(username: Login) -> None:
    """Let a deactivated account sign in again."""
    from service import commands

    asyncio.run(commands.set_active(read_settings(serving=True), username, active=True))


@app.command("deactivate")
def deactivate(username: Login) -> None:
    """Keep an account from signing in and end its sessions; nothing of it is lost."""
    from service import commands

    asyncio.run(commands.set_active(read_settings(serving=True), username, active=False))


@app.command("export")
def export(
    username: Login, *, output: Annotated[Path, typer.Option(help="Zip file to write; must not be there yet.")]
) -> None:
    """Write everything that is kept about an account into a zip file, its pictures included."""
    from service import commands

    asyncio.run(commands.export_user(read_settings(serving=True), username, output=output))


@app.command("erase")
def erase(username: Login, *, yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False) -> None:
    """Erase an account with everything that is kept about it, for good."""
    from service import commands

    settings = read_settings(serving=True)
    if not yes and typer.prompt(f"{username} goes for good. Type the name again to confirm") != username:
        typer.echo("marquee: that is another name; nothing was erased", err=True)
        sys.exit(1)
    asyncio.run(commands.erase_user(settings, username))


def _password() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True)
        return password
    return sys.stdin.readline().rstrip("\n")
