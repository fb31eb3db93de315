"""The command line: argument parsing only; each command imports what it needs when it runs."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pydantic
import typer

if TYPE_CHECKING:
    from service.settings import Settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Marquee: a movie catalogue over gRPC.")
migrate_app = typer.Typer(no_args_is_help=True, help="The schema of the database.")
keys_app = typer.Typer(no_args_is_help=True, help="Signing and data keys.")
tokens_app = typer.Typer(no_args_is_help=True, help="Tokens of services.")
users_app = typer.Typer(no_args_is_help=True, help="Accounts.")
import_app = typer.Typer(no_args_is_help=True, help="Fill the catalogue.")
local_app = typer.Typer(no_args_is_help=True, help="The embedded stack of a checkout.")
app.add_typer(migrate_app, name="migrate")
app.add_typer(keys_app, name="keys")
app.add_typer(tokens_app, name="tokens")
app.add_typer(users_app, name="users")
app.add_typer(import_app, name="import")
app.add_typer(local_app, name="local")


def main() -> None:
    """Runs one command; the console script `marquee`. What an operator can mend is one sentence and exit code 1."""
    try:
        app()
    except Exception as error:
        from service.commands import plain_sentence

        sentence = plain_sentence(error)
        if not sentence:
            raise
        typer.echo(f"marquee: {sentence}", err=True)
        sys.exit(1)


@app.command()
def serve() -> None:
    """Serve with MARQUEE_WORKERS processes on one port, until SIGTERM."""
    from service.commands import serve as run

    sys.exit(run(_settings(serving=True)))


@app.command(hidden=True)
def worker() -> None:
    """Serve in this one process; what `serve` starts."""
    from service.commands import run_worker

    sys.exit(run_worker(_settings(serving=True)))


@app.command()
def config() -> None:
    """Print the effective settings, secrets masked."""
    from service.commands import print_settings

    print_settings(_settings())


@app.command()
def health(
    address: Annotated[str, typer.Option(help="host:port; default: the settings' own.")] = "",
    service: Annotated[str, typer.Option(help="Service to ask for; default: all of the server.")] = "",
) -> None:
    """Ask a server for its health; exit 0 when it serves, 1 when it does not."""
    from service.commands import check_health

    settings = _settings()
    sys.exit(check_health(address or f"{settings.host}:{settings.port}", service=service))


@migrate_app.command("up")
def migrate_up() -> None:
    """Apply every pending migration."""
    from service import commands

    asyncio.run(commands.migrate_up(_settings()))


@migrate_app.command("down")
def migrate_down(
    *,
    to_empty: Annotated[bool, typer.Option("--all", help="Revert every migration, not just the newest.")] = False,
) -> None:
    """Revert the newest migration."""
    from service import commands

    asyncio.run(commands.migrate_down(_settings(), to_empty=to_empty))


@migrate_app.command("status")
def migrate_status() -> None:
    """Tell which migrations are applied and which are pending; exit 1 when any is."""
    from service import commands

    sys.exit(asyncio.run(commands.migrate_status(_settings())))


@keys_app.command("generate")
def keys_generate() -> None:
    """Make a signing key in MARQUEE_KEYS_DIR; the newest signs, all verify."""
    from service.auth import keys

    typer.echo(keys.generate(_settings().keys_dir))


@tokens_app.command("issue")
def tokens_issue(
    *,
    service: Annotated[str, typer.Option(help="Name of the service.")],
    scope: Annotated[list[str], typer.Option(help="What it may do, such as media.register; repeatable.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until it ends.")] = 365,
) -> None:
    """Print a token for a service."""
    from service.commands import issue_service_token

    typer.echo(issue_service_token(_settings(), name=service, scopes=scope, days=days))


@users_app.command("create")
def users_create(
    username: str,
    *,
    email: Annotated[str, typer.Option(help="Address of the account.")],
    staff: Annotated[bool, typer.Option("--staff", help="May change the catalogue.")] = False,
    exist_ok: Annotated[bool, typer.Option("--exist-ok", help="No error when the name is taken.")] = False,
) -> None:
    """Make an account; the password is read from standard input."""
    from service import commands

    password = typer.prompt("Password", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    settings = _settings(serving=True)
    made = asyncio.run(commands.create_user(settings, username=username, email=email, password=password, staff=staff))
    sys.exit(0 if made or exist_ok else 1)


@import_app.command("sample")
def import_sample(*, posters: Annotated[bool, typer.Option(help="Draw posters and upload them, too.")] = True) -> None:
    """Load the sample catalogue: 60 films with their people, and drawn posters. A repeat changes nothing."""
    from service import commands

    asyncio.run(commands.import_sample(_settings(serving=True), posters=posters))


DataFolder = Annotated[Path, typer.Option("--data", envvar="MARQUEE_LOCAL_DATA", help="Folder of all data.")]


@local_app.command("run")
def local_run(data: DataFolder = Path(".marquee")) -> None:
    """Start PostgreSQL, S3 + Lambda and the server on this machine; Ctrl-C stops them."""
    from service.local.stack import run

    sys.exit(run(data))


@local_app.command("demo")
def local_demo(data: DataFolder = Path(".marquee")) -> None:
    """Walk the main job against the running stack."""
    from service.local.demo import run

    sys.exit(run(data))


@local_app.command("clean")
def local_clean(data: DataFolder = Path(".marquee")) -> None:
    """Remove all data of the stack, which must not be running."""
    from service.local.stack import clean

    sys.exit(clean(data))


@local_app.command("fill", hidden=True)
def local_fill(data: DataFolder = Path(".marquee")) -> None:
    """Load the sample catalogue and make the demo users; what `run` does once the server is up."""
    from service.commands import fill

    asyncio.run(fill(_settings(serving=True), data.resolve()))


@local_app.command("migration")
def local_migration(name: str) -> None:
    """Write a migration for what changed in the models."""
    from service import commands

    asyncio.run(commands.create_migration(_settings(), name))


def _settings(*, serving: bool = False) -> Settings:
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


if __name__ == "__main__":
    main()
