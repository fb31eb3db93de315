"""`marquee users`: accounts."""

from __future__ import annotations

import asyncio
import enum
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.composition import composed
from service.cli.configuration import read_settings
from service.cli.output import JsonOutput, print_line, print_list

if TYPE_CHECKING:
    from service.auth.principal import UserId
    from service.composition import Composition
    from service.settings import Settings
    from service.users.values import Account, UserFilter

TIME_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
COLUMNS = ("id", "username", "email", "role", "is_active", "joined", "last_login")

app = typer.Typer(no_args_is_help=True, help="Accounts.")

Login = Annotated[str, typer.Argument(metavar="USERNAME", help="Username or email address of the account.")]
Email = Annotated[str, typer.Option(help="Email address of the account.")]


class Role(enum.StrEnum):
    """Role of an account."""

    USER = "user"
    STAFF = "staff"
    SUPERUSER = "superuser"


# The filters of ListUsers: staff includes superusers who are staff.
ROLE_FLAGS: dict[Role | None, dict[str, Any]] = {
    None: {},
    Role.USER: {"is_staff": False, "is_superuser": False},
    Role.STAFF: {"is_staff": True},
    Role.SUPERUSER: {"is_superuser": True},
}


@app.command("list")
def list_(
    *,
    role: Annotated[Role | None, typer.Option(help="Only accounts with this role.")] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only active or inactive accounts.")
    ] = None,
    joined_from: Annotated[
        datetime | None,
        typer.Option(formats=TIME_FORMATS, metavar="TIME", help="Only accounts from this time (UTC) on."),
    ] = None,
    joined_before: Annotated[
        datetime | None,
        typer.Option(formats=TIME_FORMATS, metavar="TIME", help="Only accounts before this time (UTC)."),
    ] = None,
    text: Annotated[
        str, typer.Option(help="Part of the username or of the names; with an @, the whole email address.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Maximum number of accounts.")] = 100,
    as_json: JsonOutput = False,
) -> None:
    """List accounts, the newest first."""
    from service.users.values import UserFilter

    wanted = UserFilter(
        **ROLE_FLAGS[role],
        is_active=active,
        joined_from=joined_from and joined_from.replace(tzinfo=UTC),
        joined_before=joined_before and joined_before.replace(tzinfo=UTC),
        text=text,
    )
    asyncio.run(_list_users(read_settings(serving=True), wanted, limit=limit, as_json=as_json))


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


async def _list_users(settings: Settings, wanted: UserFilter, *, limit: int, as_json: bool) -> None:
    accounts: list[Account] = []
    page_token = ""
    async with composed(settings) as domains:
        while len(accounts) < limit:
            page = await domains.users.administration.list_users(
                wanted, size=limit - len(accounts), page_token=page_token
            )
            accounts += page.items
            page_token = page.next_page_token
            if not page_token:
                break
    print_list(COLUMNS, [_row(account) for account in accounts], as_json=as_json, if_empty="no account matches")
    if page_token and not as_json:
        print_line(f"there are more: raise --limit above {limit}, or use a filter")


async def _create_user(
    settings: Settings, *, username: str, email: str, password: str, staff: bool, superuser: bool = False
) -> bool:
    """Creates an account and prints the result; returns False if the name or address is taken."""
    from marquee.users.v1.users_pb2 import RegisterRequest

    from service.api.validation import require_valid
    from service.users.errors import EmailTaken, UsernameTaken

    require_valid(RegisterRequest(username=username, email=email, password=password))
    async with composed(settings) as domains:
        try:
            await domains.users.users.create(
                username=username, email=email, password=password, is_staff=staff, is_superuser=superuser
            )
        except (UsernameTaken, EmailTaken) as error:
            print_line(str(error))
            return False
    print_line(f"created {username}")
    return True


async def _set_password(settings: Settings, login: str, *, password: str) -> None:
    from marquee.users.v1.users_pb2 import ChangePasswordRequest

    from service.api.validation import require_valid

    # The rules require a current password; an operator does not need to know it.
    require_valid(ChangePasswordRequest(current_password=password[:1] or "-", new_password=password))
    async with composed(settings) as domains:
        await domains.users.sessions.set_password(await _get_user_id(domains, login), password)
    print_line(f"{login} has a new password; every session was ended")


async def _set_active(settings: Settings, login: str, *, active: bool) -> None:
    async with composed(settings) as domains:
        await domains.users.administration.set_active(await _get_user_id(domains, login), active=active)
    print_line(f"{login} is active" if active else f"{login} is deactivated; every session was ended")


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
    print_line(f"{login} is erased")


async def _get_user_id(domains: Composition, login: str) -> UserId:
    from service.auth.principal import UserId
    from service.errors import NotFound

    account = await domains.users.users.find_account(login)
    if account is None:
        raise NotFound(f"no account has the name or address {login}")
    return UserId(account.user.id)


def _row(account: Account) -> tuple[object, ...]:
    user = account.user
    role = Role.SUPERUSER if user.is_superuser else Role.STAFF if user.is_staff else Role.USER
    return (user.id, user.username, account.email, role.value, user.is_active, user.date_joined, user.last_login_at)


def _read_password() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True)
        return password
    return sys.stdin.readline().rstrip("\n")
