"""The settings as a command reads them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pydantic
import typer

if TYPE_CHECKING:
    from service.settings import Settings


def read_settings(*, serving: bool = False) -> Settings:
    """Reads the settings; a refusal is one clear message and exit code 78 (EX_CONFIG)."""
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
