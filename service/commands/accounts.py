"""Commands on accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.commands.composition import composed
from service.commands.terminal import console
from service.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from service.auth.principal import UserId
    from service.composition import Slices


async def create_user(
    settings: Settings, *, username: str, email: str, password: str, staff: bool, superuser: bool = False
) -> bool:
    """Makes an account; returns False when the name or address is taken."""
    async with composed(settings) as slices:
        return await register(
            slices, username=username, email=email, password=password, staff=staff, superuser=superuser
        )


async def register(
    slices: Slices, *, username: str, email: str, password: str, staff: bool, superuser: bool = False
) -> bool:
    """Makes an account and says so; returns False when the name or address is taken."""
    from marquee.users.v1.users_pb2 import RegisterRequest

    from service.api.validation import MessageRules
    from service.users.errors import EmailTaken, UsernameTaken

    MessageRules().require_valid(RegisterRequest(username=username, email=email, password=password))
    try:
        await slices.users.create(
            username=username, email=email, password=password, is_staff=staff, is_superuser=superuser
        )
    except (UsernameTaken, EmailTaken) as error:
        console.print(str(error))
        return False
    console.print(f"made {username}")
    return True


async def set_password(settings: Settings, login: str, *, password: str) -> None:
    """Gives an account another password, ends its sessions and says so."""
    from marquee.users.v1.users_pb2 import ChangePasswordRequest

    from service.api.validation import MessageRules

    # The operator proves nothing with the password until now.
    MessageRules().require_valid(ChangePasswordRequest(current_password=password[:1] or "-", new_password=password))
    async with composed(settings) as slices:
        await slices.sessions.set_password(await _get_user_id(slices, login), password)
    console.print(f"{login} has a new password; every session was ended")


async def set_active(settings: Settings, login: str, *, active: bool) -> None:
    """Activates or deactivates an account and says so."""
    async with composed(settings) as slices:
        await slices.administration.set_active(await _get_user_id(slices, login), active=active)
    console.print(f"{login} is active" if active else f"{login} is deactivated; every session was ended")


async def export_user(settings: Settings, login: str, *, output: Path) -> None:
    """Writes everything that is kept about an account into a zip file and says so."""
    from service.commands.archive import new_file, write_archive

    async with composed(settings) as slices:
        user_id = await _get_user_id(slices, login)
        with new_file(output) as stream:
            await write_archive(
                stream,
                slices.privacy.export_account(user_id, actor_user_id=None),
                find_upload=slices.media.find_upload,
            )
    console.print(f"wrote {output}", markup=False, soft_wrap=True)


async def erase_user(settings: Settings, login: str) -> None:
    """Erases an account for good and says so."""
    async with composed(settings) as slices:
        await slices.privacy.erase(await _get_user_id(slices, login), actor_user_id=None)
    console.print(f"{login} is erased")


async def _get_user_id(slices: Slices, login: str) -> UserId:
    from service.auth.principal import UserId
    from service.errors import NotFound

    account = await slices.users.find_account(login)
    if account is None:
        raise NotFound(f"no account has the name or address {login}")
    return UserId(account.user.id)
