"""`marquee keys`: signing keys and data keys."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.configuration import read_settings
from service.cli.output import JsonOutput, format_time, print_line, print_list, progress_bar

if TYPE_CHECKING:
    from service.auth.key_rotation import KeyUse
    from service.settings import Settings

COLUMNS = ("kid", "file", "created", "state", "signs_from", "may_be_retired_from")

app = typer.Typer(no_args_is_help=True, help="Signing keys and data keys.")


@app.command("rotate")
def rotate(
    *,
    data: Annotated[
        bool, typer.Option("--data", help="Encrypt personal data again, with the first key of MARQUEE_DATA_KEYS.")
    ] = False,
) -> None:
    """Create the first or the next signing key in MARQUEE_KEYS_DIR; with --data encrypt personal data again."""
    if data:
        sys.exit(asyncio.run(_rotate_data(read_settings(serving=True))))
    _rotate_signing_key(read_settings())


@app.command("list")
def list_(*, as_json: JsonOutput = False) -> None:
    """List the signing keys: state, first time of signing and first time at which each may be retired."""
    asyncio.run(_list_keys(read_settings(), as_json=as_json))


# A kid may begin with a hyphen, even with -h.
@app.command("retire", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
def retire(
    context: typer.Context,
    kid: Annotated[str, typer.Argument(metavar="KID", help="Key id from `marquee keys list`.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Remove an exposed key at once; tokens that it signed become invalid.")
    ] = False,
) -> None:
    """Remove a signing key after every token that it signed has expired."""
    if kid == "-h":
        typer.echo(context.get_help())
        return
    if force:
        _remove_exposed_key(read_settings(), kid)
    else:
        asyncio.run(_retire_key(read_settings(), kid))


def _rotate_signing_key(settings: Settings) -> None:
    from service.auth import key_rotation

    ring = key_rotation.add_key(settings)
    new, old = ring.keys[-1], ring.signing
    print_line(f"created {new.kid} in {new.file}")
    if new == old:
        print_line("it signs from now on")
        return
    print_line(f"published now, signs from {format_time(ring.signs_from(new))} on")
    print_line(
        f"{old.kid} may be retired from {format_time(key_rotation.retires_from(ring, old, settings))} on,"
        " later if a service token that it signed lives longer: marquee keys list"
    )


async def _rotate_data(settings: Settings) -> int:
    """Encrypts every value with the first data key; returns 1 if a value cannot be decrypted, else 0."""
    from service.auth.encryption import DataCipher
    from service.database import orm
    from service.users import rotation

    cipher = DataCipher(settings.data_keys.get_secret_value(), index_key=settings.index_key.get_secret_value())
    async with orm.connected(settings):
        with progress_bar("values") as progress:
            summary = await rotation.rotate_data(cipher, progress=progress)
    print_line(f"{summary.rotated} of {summary.total} values encrypted again")
    for name in summary.undecryptable:
        print_line(f"no key of MARQUEE_DATA_KEYS decrypts {name}")
    return int(bool(summary.undecryptable))


async def _list_keys(settings: Settings, *, as_json: bool) -> None:
    from service.auth import key_rotation
    from service.database import orm

    async with orm.connected(settings):
        uses = await key_rotation.list_keys(settings)
    print_list(COLUMNS, [_row(use) for use in uses], as_json=as_json)


async def _retire_key(settings: Settings, kid: str) -> None:
    from service.auth import key_rotation
    from service.database import orm

    async with orm.connected(settings):
        print_line(f"removed {await key_rotation.retire_key(settings, kid)}")


def _remove_exposed_key(settings: Settings, kid: str) -> None:
    from service.auth import key_rotation

    print_line(f"removed {key_rotation.remove_exposed_key(settings, kid)}")
    print_line(
        "servers refuse tokens that it signed within seconds: users must sign in again, services need new tokens"
    )


def _row(use: KeyUse) -> tuple[object, ...]:
    key = use.key
    return (key.kid, key.file.name, key.created_at, use.state.value, use.signs_from, use.retires_from)
