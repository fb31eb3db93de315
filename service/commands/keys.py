"""Commands on signing and data keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.commands.terminal import moment, progress_bar, say, show_rows
from service.settings import Settings

if TYPE_CHECKING:
    from service.auth.key_rotation import KeyUse


def rotate_keys(settings: Settings) -> None:
    """Makes the next signing key and says what follows from it."""
    from service.auth import key_rotation

    ring = key_rotation.add_key(settings)
    new, old = ring.keys[-1], ring.signing
    say(f"made {new.kid} in {new.file}")
    if new == old:
        say("it signs from now on")
        return
    say(f"published now, signs from {moment(ring.signs_from(new))} on")
    say(f"{old.kid} may be retired from {moment(key_rotation.retires_from(ring, old, settings))} on,")
    say("later where a service's token that it signed lives longer: marquee keys list")


async def list_keys(settings: Settings) -> None:
    """Prints the signing keys, oldest first."""
    from service.auth import key_rotation
    from service.database import orm

    async with orm.connected(settings):
        uses = await key_rotation.list_keys(settings)
    show_rows(("kid", "file", "created", "state", "signs from", "may be retired from"), *map(_row, uses))


async def retire_key(settings: Settings, kid: str) -> None:
    """Removes a key that nothing good was signed with."""
    from service.auth import key_rotation
    from service.database import orm

    async with orm.connected(settings):
        say(f"removed {await key_rotation.retire_key(settings, kid)}")


def remove_exposed_key(settings: Settings, kid: str) -> None:
    """Removes a key whatever was signed with it."""
    from service.auth import key_rotation

    say(f"removed {key_rotation.remove_exposed_key(settings, kid)}")
    say("what it signed is refused within seconds: users sign in again, services need new tokens")


async def rotate_data(settings: Settings) -> int:
    """Encrypts with the newest data key what is not yet; returns 1 when a value could not be opened, else 0."""
    from service.auth.encryption import DataCipher
    from service.database import orm
    from service.users import rotation

    cipher = DataCipher(settings.data_keys.get_secret_value(), index_key=settings.index_key.get_secret_value())
    async with orm.connected(settings):
        with progress_bar("values") as progress:
            summary = await rotation.rotate_data(cipher, progress=progress)
    say(f"{summary.rotated} of {summary.total} values encrypted anew")
    for name in summary.unopened:
        say(f"no key of MARQUEE_DATA_KEYS opens {name}")
    return int(bool(summary.unopened))


def _row(use: KeyUse) -> tuple[str, ...]:
    key = use.key
    times = moment(key.made_at), use.state.value, moment(use.signs_from), moment(use.retires_from)
    return (key.kid, key.file.name, *times)
