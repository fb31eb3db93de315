"""The command-line application: all commands and groups of commands."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

import service
from service.cli import configuration, imports, keys, media, migrate, recommend, server, tokens, users

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_wanted: bool) -> None:  # noqa: FBT001 - called by typer with the value of the option
    if is_wanted:
        typer.echo(f"marquee {service.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Marquee: a movie catalogue over gRPC."""


app.command()(server.serve)
app.command(hidden=True)(server.worker)
app.command()(server.health)
app.command()(configuration.config)
app.add_typer(migrate.app, name="migrate")
app.add_typer(keys.app, name="keys")
app.add_typer(tokens.app, name="tokens")
app.add_typer(users.app, name="users")
app.add_typer(imports.app, name="import")
app.add_typer(media.app, name="media")
app.add_typer(recommend.app, name="recommend")
# The wheel contains no embedded stack.
if find_spec("service.local"):
    from service.cli import local

    app.add_typer(local.app, name="local")
