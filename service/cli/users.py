"""`marquee users`: accounts."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.composition import composed
from service.cli.configuration import read_settings
from service.cli.output import console, print_line

if TYPE_CHECKING:
    from service.auth.principal import UserId
    from service.composition import Composition
    from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Accounts.")

Login = Annotated[str, typer.Argument(metavar="USERNAME", help="Username or email address of the account.")]
Email = Annotated[str, typer.Option(help="Email address of the account.")]


@app.command("create")
def create(
    username: str,
    *,
    email: Email,
    staff: Annotated[bool, typer.Option("--staff", help="The account may change the catalogue.")] = False,
    exist_ok: Annotated[bool, typer.Option("--exist-ok", help="Exit with 0 if the name is taken.")] = False,
) -> None:
    """Create an account; the password is read from standard input."""
    settings = read_settings(serving=True)
    created = asyncio.run(
        _create_user(settings, username=username, email=email, password=_read_password(), staff=staff)
    )
    sys.exit(0 if created or exist_ok else 1)


@app.command("create-superuser")
def create_superuser(username: str, *, email: Email) -> None:
    """Create an account that may change roles; the password is read from standard input."""
    settings = read_settings(serving=True)
    password = _read_password()
    created = asyncio.run(
        _create_user(settings, username=username, email=email, password=password, staff=True, superuser=True)
    )
    sys.exit(0 if created else 1)


@app.command("set-password")
def set_password(username: Login) -> None:
    """Set the password of an account and end its sessions; the password is read from standard input."""
    asyncio.run(_set_password(read_settings(serving=True), username, password=_read_password()))


@app.command("activate")
def activate(username: Login) -> None:
    """Allow a deactivated account to sign in again."""
    asyncio.run(_set_active(read_settings(serving=True), username, active=True))


@app.command("deactivate")
def deactivate(username: Login) -> None:
    """Stop an account from signing in and end its sessions; its data stays."""
    asyncio.run(_set_active(read_settings(serving=True), username, active=False))


@app.command("export")
def export(
    username: Login, *, output: Annotated[Path, typer.Option(help="Zip file to write; it must not exist yet.")]
) -> None:
    """Write all data of an account into a zip file, with its images."""
    asyncio.run(_export_user(read_settings(serving=True), username, output=output))


@app.command("erase")
def erase(
    username: Login, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False
) -> None:
    """Erase an account and all its data permanently."""
    settings = read_settings(serving=True)
    if not yes and typer.prompt(f"This erases {username} permanently. Type the name again to confirm") != username:
        typer.echo("marquee: the names differ; nothing was erased", err=True)
        sys.exit(1)
    asyncio.run(_erase_user(settings, username))


async def register(
    domains: Composition, *, username: str, email: str, password: str, staff: bool, superuser: bool = False
) -> bool:
    """Creates an account and prints the result; returns False if the name or address is taken."""
    from marquee.users.v1.users_pb2 import RegisterRequest

    from service.api.validation import require_valid
    from service.users.errors import EmailTaken, UsernameTaken

    require_valid(RegisterRequest(username=username, email=email, password=password))
    try:
        await domains.users.users.create(
            username=username, email=email, password=password, is_staff=staff, is_superuser=superuser
        )
    except (UsernameTaken, EmailTaken) as error:
        console.print(str(error))
        return False
    console.print(f"made {username}")
    return True


async def _create_user(
    settings: Settings, *, username: str, email: str, password: str, staff: bool, superuser: bool = False
) -> bool:
    async with composed(settings) as domains:
        return await register(
            domains, username=username, email=email, password=password, staff=staff, superuser=superuser
        )


async def _set_password(settings: Settings, login: str, *, password: str) -> None:
    from marquee.users.v1.users_pb2 import ChangePasswordRequest

    from service.api.validation import require_valid

    # The rules require a current password; an operator does not need to know it.
    require_valid(ChangePasswordRequest(current_password=password[:1] or "-", new_password=password))
    async with composed(settings) as domains:
        await domains.users.sessions.set_password(await _get_user_id(domains, login), password)
    console.print(f"{login} has a new password; every session was ended")


async def _set_active(settings: Settings, login: str, *, active: bool) -> None:
    async with composed(settings) as domains:
        await domains.users.administration.set_active(await _get_user_id(domains, login), active=active)
    console.print(f"{login} is active" if active else f"{login} is deactivated; every session was ended")


async def _export_user(settings: Settings, login: str, *, output: Path) -> None:
    from service.cli.user_archive import new_file, write_archive

    async with composed(settings) as domains:
        user_id = await _get_user_id(domains, login)
        with new_file(output) as stream:
            await write_archive(
                stream,
                domains.users.privacy.export_account(user_id, actor_user_id=None),
                find_upload=domains.media.media.find_upload,
            )
    print_line(f"wrote {output}")


async def _erase_user(settings: Settings, login: str) -> None:
    async with composed(settings) as domains:
        await domains.users.privacy.erase(await _get_user_id(domains, login), actor_user_id=None)
    console.print(f"{login} is erased")


async def _get_user_id(domains: Composition, login: str) -> UserId:
    from service.auth.principal import UserId
    from service.errors import NotFound

    account = await domains.users.users.find_account(login)
    if account is None:
        raise NotFound(f"no account has the name or address {login}")
    return UserId(account.user.id)


def _read_password() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True)
        return password
    return sys.stdin.readline().rstrip("\n")
