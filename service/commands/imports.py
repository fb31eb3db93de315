"""Commands that import real data."""

from __future__ import annotations

import csv
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from service.commands.composition import composed
from service.commands.terminal import progress_bars, say, show_rows
from service.settings import Settings

if TYPE_CHECKING:
    from service.importers.bad_rows import BadRow
    from service.importers.staging import Connection
    from service.importers.summary import Summary


async def import_tmdb(settings: Settings, movies: Path, credits_: Path, *, dry_run: bool, report: Path | None) -> None:
    """Imports the TMDB files with progress bars and prints what was done."""
    from service.importers.tmdb import import_tmdb

    async with _connected(settings) as connection:
        with _reporting(report) as told, progress_bars() as progress:
            summary = await import_tmdb(
                connection, movies=movies, credits=credits_, progress=progress, told=told, dry_run=dry_run
            )
    _show(summary, dry_run=dry_run)


async def import_movielens(settings: Settings, folder: Path, *, dry_run: bool, report: Path | None) -> None:
    """Imports the MovieLens files with progress bars and prints what was done."""
    from service.composition import password_hasher
    from service.importers.movielens import DemoUsers, import_movielens

    passwords = password_hasher(settings)
    try:
        nobodys = await passwords.hash(secrets.token_urlsafe())
    finally:
        passwords.close()
    async with composed(settings) as slices, _connected(settings) as connection:
        users = DemoUsers(encrypted_email=slices.accounts.encrypted_email, password_hash=nobodys)
        with _reporting(report) as told, progress_bars() as progress:
            summary = await import_movielens(
                connection, folder=folder, users=users, progress=progress, told=told, dry_run=dry_run
            )
    _show(summary, dry_run=dry_run)


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Connection]:
    """Gives a connection of the import's own: the pool's would end its long statements."""
    import asyncpg

    connection = await asyncpg.connect(settings.database_url.get_secret_value(), statement_cache_size=0)
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def _reporting(report: Path | None) -> Iterator[Callable[[BadRow], None]]:
    """Gives what writes bad rows to a file, as CSV; without a file, what does nothing."""
    if report is None:
        yield lambda _: None
        return
    with report.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "line", "kind", "reason"))
        yield lambda row: writer.writerow((row.file, row.line, row.kind, row.reason))


def _show(summary: Summary, *, dry_run: bool) -> None:
    say("Nothing was written; this would be:" if dry_run else "Imported:")
    show_rows(
        ("", "added", "changed", "unchanged"),
        *((kind, str(done.added), str(done.changed), str(done.unchanged)) for kind, done in summary.outcomes.items()),
    )
    if not summary.is_change:
        say("Nothing changes." if dry_run else "Nothing changed.")
    for row in summary.first_bad:
        say(f"left out {row.file}:{row.line} ({row.kind}): {row.reason}")
    if summary.bad:
        counts = ", ".join(f"{count} {kind}" for kind, count in summary.bad.items())
        say(f"{sum(summary.bad.values())} left out in all: {counts}")
