"""`marquee import`: filling the catalogue from files."""

from __future__ import annotations

import asyncio
import csv
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.composition import composed, connected
from service.cli.configuration import read_settings
from service.cli.error_messages import CommandFailed
from service.cli.output import print_line, print_table, progress_bar, progress_bars

if TYPE_CHECKING:
    from service.importers.report import BadRow, Summary
    from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Fill the catalogue.")

ReportFile = Annotated[Path | None, typer.Option("--report", help="Write every rejected row to this CSV file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would change; write nothing.")]


@app.command("sample")
def sample(
    *, posters: Annotated[bool, typer.Option(help="Also draw a poster for each movie and upload it.")] = True
) -> None:
    """Load the sample catalogue: 60 movies with their people, and drawn posters. A repeat changes nothing."""
    if posters and not all(map(find_spec, ("PIL", "font_manrope"))):
        raise CommandFailed(
            "posters are drawn with the packages pillow and font-manrope:"
            " install the extra `posters` of marquee-server, or pass --no-posters"
        )
    asyncio.run(_import_sample(read_settings(serving=True), posters=posters))


@app.command("tmdb")
def tmdb(
    movies: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="tmdb_5000_movies.csv, plain, .gz, .xz or .zip.")
    ],
    credits_: Annotated[
        Path,
        typer.Argument(
            metavar="CREDITS", exists=True, dir_okay=False, help="tmdb_5000_credits.csv, plain, .gz, .xz or .zip."
        ),
    ],
    *,
    dry_run: DryRun = False,
    report: ReportFile = None,
) -> None:
    """Import the TMDB 5000 files: add what is missing, update what differs. A repeat changes nothing."""
    asyncio.run(_import_tmdb(read_settings(), movies, credits_, dry_run=dry_run, report=report))


@app.command("movielens")
def movielens(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True,
            file_okay=False,
            help="Folder with movies.csv, links.csv, ratings.csv, plain, .gz, .xz or .zip.",
        ),
    ],
    *,
    dry_run: DryRun = False,
    report: ReportFile = None,
) -> None:
    """Add the movies of MovieLens, and its ratings under demo users. A repeat continues or changes nothing."""
    asyncio.run(_import_movielens(read_settings(serving=True), folder, dry_run=dry_run, report=report))


async def _import_sample(settings: Settings, *, posters: bool) -> None:
    from service.importers.sample import load

    catalogue = load.read_sample()
    async with composed(settings) as domains:
        with progress_bar("films") as progress:
            summary = await load.load_sample(catalogue, progress=progress)
        print_line(
            f"{summary.movies_added} films added with {summary.persons_added} people and"
            f" {summary.characters_added} characters; {summary.movies_present} were there already"
        )
        if posters:
            # These packages are an extra, so they are imported only if they are needed.
            from service.importers.sample import artwork

            titles = [movie["title"] for movie in catalogue["movies"]]
            with progress_bar("posters") as progress:
                uploaded = await artwork.upload_posters(domains.media.media, titles, progress=progress)
            print_line(f"{uploaded} posters uploaded")


async def _import_tmdb(settings: Settings, movies: Path, credits_: Path, *, dry_run: bool, report: Path | None) -> None:
    from service.importers.tmdb import import_tmdb

    async with connected(settings) as connection:
        with _bad_row_report(report) as report_row, progress_bars() as progress:
            summary = await import_tmdb(
                connection, movies=movies, credits=credits_, progress=progress, on_bad_row=report_row, dry_run=dry_run
            )
    _show_summary(summary, dry_run=dry_run)


async def _import_movielens(settings: Settings, folder: Path, *, dry_run: bool, report: Path | None) -> None:
    from service.auth.passwords import PasswordHasher
    from service.importers.movielens import DemoUsers, import_movielens

    passwords = PasswordHasher.from_settings(settings)
    try:
        unknown_password_hash = await passwords.hash(secrets.token_urlsafe())
    finally:
        passwords.close()
    async with composed(settings) as domains, connected(settings) as connection:
        users = DemoUsers(encrypted_email=domains.users.accounts.encrypted_email, password_hash=unknown_password_hash)
        with _bad_row_report(report) as report_row, progress_bars() as progress:
            summary = await import_movielens(
                connection, folder=folder, users=users, progress=progress, on_bad_row=report_row, dry_run=dry_run
            )
    _show_summary(summary, dry_run=dry_run)


@contextmanager
def _bad_row_report(report: Path | None) -> Iterator[Callable[[BadRow], None]]:
    """Yields a function that writes bad rows to a CSV file; without a file, one that does nothing."""
    if report is None:
        yield lambda _: None
        return
    with report.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "line", "kind", "reason"))
        yield lambda row: writer.writerow((row.file, row.line, row.kind, row.reason))


def _show_summary(summary: Summary, *, dry_run: bool) -> None:
    print_line("Nothing was written; this would be:" if dry_run else "Imported:")
    print_table(
        ("", "added", "changed", "unchanged"),
        [(kind, done.added, done.changed, done.unchanged) for kind, done in summary.counts.items()],
    )
    if not summary.is_change:
        print_line("Nothing changes." if dry_run else "Nothing changed.")
    for row in summary.first_bad_rows:
        print_line(f"left out {row.file}:{row.line} ({row.kind}): {row.reason}")
    if summary.bad_rows:
        counts = ", ".join(f"{count} {kind}" for kind, count in summary.bad_rows.items())
        print_line(f"{sum(summary.bad_rows.values())} left out in all: {counts}")
