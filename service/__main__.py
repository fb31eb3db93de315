"""The command line: argument parsing only; each command imports what it needs when it runs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from service.command_line import keys, local, media, recommend, tokens, users
from service.command_line.configuration import read_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Marquee: a movie catalogue over gRPC.")
migrate_app = typer.Typer(no_args_is_help=True, help="The schema of the database.")
import_app = typer.Typer(no_args_is_help=True, help="Fill the catalogue.")
app.add_typer(migrate_app, name="migrate")
app.add_typer(keys.app, name="keys")
app.add_typer(tokens.app, name="tokens")
app.add_typer(users.app, name="users")
app.add_typer(import_app, name="import")
app.add_typer(media.app, name="media")
app.add_typer(recommend.app, name="recommend")
app.add_typer(local.app, name="local")


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

    sys.exit(run(read_settings(serving=True)))


@app.command(hidden=True)
def worker() -> None:
    """Serve in this one process; what `serve` starts."""
    from service.commands import run_worker

    sys.exit(run_worker(read_settings(serving=True)))


@app.command()
def config() -> None:
    """Print the effective settings, secrets masked."""
    from service.commands import print_settings

    print_settings(read_settings())


@app.command()
def health(
    address: Annotated[str, typer.Option(help="host:port; default: the settings' own.")] = "",
    service: Annotated[str, typer.Option(help="Service to ask for; default: all of the server.")] = "",
) -> None:
    """Ask a server for its health; exit 0 when it serves, 1 when it does not."""
    from service.commands import check_health

    settings = read_settings()
    sys.exit(check_health(address or f"{settings.host}:{settings.port}", service=service))


@migrate_app.command("up")
def migrate_up() -> None:
    """Apply every pending migration."""
    from service import commands

    asyncio.run(commands.migrate_up(read_settings()))


@migrate_app.command("down")
def migrate_down(
    *,
    to_empty: Annotated[bool, typer.Option("--all", help="Revert every migration, not just the newest.")] = False,
) -> None:
    """Revert the newest migration."""
    from service import commands

    asyncio.run(commands.migrate_down(read_settings(), to_empty=to_empty))


@migrate_app.command("status")
def migrate_status() -> None:
    """Tell which migrations are applied and which are pending; exit 1 when any is."""
    from service import commands

    sys.exit(asyncio.run(commands.migrate_status(read_settings())))


@migrate_app.command("grant")
def migrate_grant(role: str) -> None:
    """Give a database role what a server needs: run it as the tables' owner, and serve as that role."""
    from service import commands

    asyncio.run(commands.grant_privileges(read_settings(), role))


@import_app.command("sample")
def import_sample(*, posters: Annotated[bool, typer.Option(help="Draw posters and upload them, too.")] = True) -> None:
    """Load the sample catalogue: 60 films with their people, and drawn posters. A repeat changes nothing."""
    from service import commands

    asyncio.run(commands.import_sample(read_settings(serving=True), posters=posters))


ReportFile = Annotated[Path | None, typer.Option("--report", help="Write every row that was left out to this file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do all the work and take it back; tell what would change.")]


@import_app.command("tmdb")
def import_tmdb(
    movies: Annotated[Path, typer.Argument(help="tmdb_5000_movies.csv, plain, .gz, .xz or .zip.")],
    credits_: Annotated[Path, typer.Argument(metavar="CREDITS", help="tmdb_5000_credits.csv, likewise.")],
    *,
    dry_run: DryRun = False,
    report: ReportFile = None,
) -> None:
    """Bring the catalogue to what the TMDB 5000 files say. A repeat changes nothing."""
    from service import commands

    asyncio.run(commands.import_tmdb(read_settings(), movies, credits_, dry_run=dry_run, report=report))


@import_app.command("movielens")
def import_movielens(
    folder: Annotated[Path, typer.Argument(help="Has movies.csv, links.csv, ratings.csv, plain, .gz, .xz or .zip.")],
    *,
    dry_run: DryRun = False,
    report: ReportFile = None,
) -> None:
    """Add MovieLens' movies, and its ratings under demo users. A repeat changes nothing, or goes on."""
    from service import commands

    asyncio.run(commands.import_movielens(read_settings(serving=True), folder, dry_run=dry_run, report=report))


if __name__ == "__main__":
    main()
