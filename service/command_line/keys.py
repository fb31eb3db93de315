"""`marquee keys`: signing and data keys."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from service.command_line.configuration import read_settings

app = typer.Typer(no_args_is_help=True, help="Signing and data keys.")


@app.command("rotate")
def rotate(
    *, data: Annotated[bool, typer.Option("--data", help="Encrypt with the first key of MARQUEE_DATA_KEYS.")] = False
) -> None:
    """Make the next signing key in MARQUEE_KEYS_DIR, or the first; with --data encrypt anew what users entrusted."""
    from service import commands

    if data:
        sys.exit(asyncio.run(commands.rotate_data(read_settings(serving=True))))
    commands.rotate_keys(read_settings())


@app.command("list")
def list_() -> None:
    """List the signing keys: what each does, from when it signs and may be retired."""
    from service import commands

    asyncio.run(commands.list_keys(read_settings()))


# A kid may begin with a hyphen.
@app.command("retire", context_settings={"ignore_unknown_options": True})
def retire(
    kid: Annotated[str, typer.Argument(metavar="KID", help="As `marquee keys list` has it.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Whatever it signed: for an exposed key.")] = False,
) -> None:
    """Remove a signing key once all that it signed has ended."""
    from service import commands

    if force:
        commands.remove_exposed_key(read_settings(), kid)
    else:
        asyncio.run(commands.retire_key(read_settings(), kid))
