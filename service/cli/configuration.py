"""`marquee config`, and the settings as every command reads them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from service.settings import Settings


def read_settings(*, serving: bool = False) -> Settings:
    """Returns the settings of the environment; for an invalid one prints a message and exits with 78 (EX_CONFIG)."""
    import pydantic

    from service.settings import Settings

    try:
        settings = Settings()
        return settings.for_serving() if serving else settings
    except pydantic.ValidationError as error:
        for problem in error.errors():
            name = "".join(f"MARQUEE_{part}".upper() + ": " for part in problem["loc"])
            typer.echo(f"marquee: {name}{problem['msg']}", err=True)
    except ValueError as error:
        typer.echo(f"marquee: {error}", err=True)
    sys.exit(os.EX_CONFIG)


def config() -> None:
    """Print the effective settings, secrets masked."""
    from rich.table import Table

    from service.cli.output import console
    from service.settings import Settings

    settings = read_settings()
    table = Table("variable", "value", "meaning")
    for name, field in Settings.model_fields.items():
        table.add_row(f"MARQUEE_{name.upper()}", str(getattr(settings, name)), field.description or "")
    console.print(table)
