"""`marquee media`: uploads, their images and the events between bucket and functions."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.composition import composed
from service.cli.configuration import read_settings
from service.cli.output import JsonOutput, format_time, print_line, print_list, print_table

if TYPE_CHECKING:
    from service.media.dead_letters import DeadLetter, DeadLetters
    from service.media.reconciliation.service import Outcome
    from service.settings import Settings

POLL_SECONDS = 1
LETTER_COLUMNS = ("id", "queue", "age", "received", "objects", "problem")

app = typer.Typer(no_args_is_help=True, help="Uploads, their images and their events.")
letters_app = typer.Typer(no_args_is_help=True, help="Events that the functions could not process.")
app.add_typer(letters_app, name="dead-letters")

Limit = Annotated[int, typer.Option(min=1, max=100_000, help="Maximum number of messages to read.")]


@letters_app.command("list")
def list_letters(*, limit: Limit = 100, as_json: JsonOutput = False) -> None:
    """List dead letters with their objects; the messages stay in their queues."""
    asyncio.run(_list_letters(read_settings(), limit=limit, as_json=as_json))


@letters_app.command("redrive")
def redrive(*, limit: Limit = 1000) -> None:
    """Send dead letters back to their queues; unreadable ones stay. A repeat changes nothing."""
    asyncio.run(_redrive_letters(read_settings(), limit=limit))


@letters_app.command("purge")
def purge(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="Id from `marquee media dead-letters list`.")],
    *,
    limit: Limit = 1000,
) -> None:
    """Delete one dead letter permanently."""
    asyncio.run(_purge_letter(read_settings(), message_id, limit=limit))


@app.command("reconcile")
def reconcile(
    *,
    fix: Annotated[
        bool, typer.Option("--fix/--dry-run", help="Repair the differences, or only print them (default).")
    ] = False,
    patience: Annotated[int, typer.Option(min=0, help="Seconds for which an event may still be on its way.")] = 3600,
    grace: Annotated[int, typer.Option(min=0, help="Age in seconds from which unused objects are removed.")] = 86_400,
    most_removals: Annotated[int, typer.Option(min=0, help="Maximum number of removals in one run.")] = 1000,
    show: Annotated[int, typer.Option(min=0, help="Maximum number of differences to print per kind.")] = 20,
) -> None:
    """Compare the buckets with the tables in both directions; exit 1 if a difference remains."""
    settings = read_settings(serving=True)
    sys.exit(
        asyncio.run(
            _reconcile(settings, fix=fix, patience=patience, grace=grace, most_removals=most_removals, show=show)
        )
    )


@app.command("sweep")
def sweep() -> None:
    """Expire uploads that never arrived and remove replaced or deleted images, as housekeeping does."""
    asyncio.run(_sweep(read_settings(serving=True)))


async def _list_letters(settings: Settings, *, limit: int, as_json: bool) -> None:
    letters = await (await _dead_letters(settings)).list_letters(limit=limit)
    rows = [_letter_row(letter) for letter in letters]
    print_list(LETTER_COLUMNS, rows, as_json=as_json, if_empty="there are no dead letters")


async def _redrive_letters(settings: Settings, *, limit: int) -> None:
    done = await (await _dead_letters(settings)).redrive(limit=limit)
    print_line(f"{len(done.sent)} sent back to their queues")
    if done.skipped:
        print_line(f"{len(done.skipped)} stay, because they would fail again: marquee media dead-letters purge ID")
        print_list(LETTER_COLUMNS, [_letter_row(letter) for letter in done.skipped])


async def _purge_letter(settings: Settings, message_id: str, *, limit: int) -> None:
    letter = await (await _dead_letters(settings)).purge(message_id, limit=limit)
    print_line(f"purged {letter.message_id}")


async def _reconcile(settings: Settings, *, fix: bool, patience: int, grace: int, most_removals: int, show: int) -> int:
    """Prints the differences between buckets and tables; returns 1 if one of them was not repaired, else 0."""
    from service.media.compose import compose_reconciliation
    from service.media.reconciliation.diff import Deadlines
    from service.media.storage import S3UploadStorage

    times = Deadlines(datetime.now(UTC), work=timedelta(seconds=patience), grace=timedelta(seconds=grace))
    found: Counter[tuple[str, str]] = Counter()
    repaired: Counter[tuple[str, str]] = Counter()
    async with composed(settings) as domains:
        storage = S3UploadStorage.from_settings(settings)
        reconciliation = await compose_reconciliation(
            settings, results=domains.media.results, storage=storage, fix=fix, max_removals=most_removals
        )
        async for outcome in reconciliation.reconcile(times, fix=fix):
            kind = outcome.finding.problem.value, outcome.finding.repair.value
            found[kind] += 1
            repaired[kind] += outcome.is_repaired
            if found[kind] <= show:
                print_line("  ".join(_finding_row(outcome)))
    if not found:
        print_line("buckets and tables agree")
        return 0
    rows = [(*kind, count, repaired[kind]) for kind, count in sorted(found.items())]
    print_table(("problem", "repair", "found", "repaired"), rows)
    return int(repaired.total() < found.total())


async def _sweep(settings: Settings) -> None:
    async with composed(settings) as domains:
        swept = await domains.media.sweep.sweep()
    print_line(
        f"{swept.expired} uploads expired, {swept.checked} released pictures looked at, {swept.removed} files removed"
    )


async def _dead_letters(settings: Settings) -> DeadLetters:
    from service.media.dead_letters import DeadLetters
    from service.media.queues import list_queues, sqs_client

    return DeadLetters(sqs_client(settings), queues=await list_queues(settings), poll=POLL_SECONDS)


def _letter_row(letter: DeadLetter) -> tuple[object, ...]:
    age = datetime.now(UTC) - letter.sent_at
    return (letter.message_id, letter.queue, age, letter.receive_count, letter.keys, letter.problem or None)


def _finding_row(outcome: Outcome) -> tuple[str, ...]:
    finding = outcome.finding
    return (
        finding.problem.value,
        finding.key,
        f"file {finding.file_id}" if finding.file_id else "no file",
        f"since {format_time(finding.since)}",
        "repaired" if outcome.is_repaired else f"to {finding.repair.value}",
    )
