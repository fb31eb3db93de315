"""Commands on uploads, their pictures and their events."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from service.commands.composition import composed
from service.commands.terminal import moment, say, show_rows
from service.settings import Settings

if TYPE_CHECKING:
    from service.media.dead_letters import DeadLetter, DeadLetters
    from service.media.reconciliation.service import Outcome

POLL = 1
LETTER_COLUMNS = ("id", "queue", "age", "received", "objects")


async def list_dead_letters(settings: Settings, *, limit: int) -> None:
    """Prints dead letters."""
    letters = await (await _dead_letters(settings)).list_letters(limit=limit)
    if not letters:
        say("there are no dead letters")
        return
    show_rows(LETTER_COLUMNS, *map(_letter_row, letters))


async def redrive_dead_letters(settings: Settings, *, limit: int) -> None:
    """Sends dead letters back and says which stayed."""
    done = await (await _dead_letters(settings)).redrive(limit=limit)
    say(f"{len(done.sent)} sent back to their queues")
    if done.kept:
        say(f"{len(done.kept)} stay, for they can only fail again: marquee media dead-letters purge ID")
        show_rows(LETTER_COLUMNS, *map(_letter_row, done.kept))


async def purge_dead_letter(settings: Settings, message_id: str, *, limit: int) -> None:
    """Throws a dead letter away and says so."""
    letter = await (await _dead_letters(settings)).purge(message_id, limit=limit)
    say(f"purged {letter.message_id}")


async def reconcile(settings: Settings, *, fix: bool, patience: int, grace: int, most_removals: int, show: int) -> int:
    """Prints what is amiss between buckets and tables; returns 1 when some of it was not mended, else 0."""
    from service.composition import compose_reconciliation
    from service.media.reconciliation.diff import Patience
    from service.media.storage import S3UploadStorage

    times = Patience(datetime.now(UTC), work=timedelta(seconds=patience), grace=timedelta(seconds=grace))
    found: Counter[tuple[str, str]] = Counter()
    mended: Counter[tuple[str, str]] = Counter()
    async with composed(settings) as slices:
        storage = S3UploadStorage.from_settings(settings)
        reconciliation = await compose_reconciliation(
            settings, verdicts=slices.verdicts, storage=storage, fix=fix, most_removals=most_removals
        )
        async for outcome in reconciliation.reconcile(times, fix=fix):
            kind = outcome.finding.problem.value, outcome.finding.repair.value
            found[kind] += 1
            mended[kind] += outcome.is_mended
            if found[kind] <= show:
                say("  ".join(_finding_row(outcome)))
    if not found:
        say("buckets and tables agree")
        return 0
    rows = [(*kind, str(count), str(mended[kind])) for kind, count in sorted(found.items())]
    show_rows(("problem", "repair", "found", "mended"), *rows)
    return int(mended.total() < found.total())


async def sweep(settings: Settings) -> None:
    """Clears away what has ended and says how much."""
    async with composed(settings) as slices:
        swept = await slices.media_sweep.sweep()
    say(
        f"{swept.expired} uploads expired, {swept.looked_at} released pictures looked at, {swept.removed} files removed"
    )


async def _dead_letters(settings: Settings) -> DeadLetters:
    from service.media.dead_letters import DeadLetters
    from service.media.queues import list_queues, sqs_client

    return DeadLetters(sqs_client(settings), queues=await list_queues(settings), poll=POLL)


def _letter_row(letter: DeadLetter) -> tuple[str, ...]:
    age = datetime.now(UTC) - letter.sent_at
    return (
        letter.message_id,
        letter.queue,
        str(timedelta(seconds=int(age.total_seconds()))),
        str(letter.receive_count),
        letter.problem or " ".join(letter.keys),
    )


def _finding_row(outcome: Outcome) -> tuple[str, ...]:
    finding = outcome.finding
    return (
        finding.problem.value,
        finding.key,
        f"file {finding.file_id}" if finding.file_id else "no file",
        f"since {moment(finding.since)}",
        "mended" if outcome.is_mended else f"to {finding.repair.value}",
    )
