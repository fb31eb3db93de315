"""The console script `marquee`: builds the command-line application and runs it."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import typer

from service.cli import configuration, imports, keys, media, migrate, recommend, server, tokens, users

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Marquee: a movie catalogue over gRPC.")
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


def main() -> None:
    """Runs one command. A failure that an operator can fix prints one sentence and exits with 1."""
    try:
        app()
    except Exception as error:
        from service.cli.error_messages import plain_sentence

        sentence = plain_sentence(error)
        if not sentence:
            raise
        typer.echo(f"marquee: {sentence}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
