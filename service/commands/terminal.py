"""What every command shows on the terminal: plain sentences, rows, progress bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TaskProgressColumn, TextColumn

console = Console()


def plain_sentence(error: Exception) -> str:
    """Returns what to tell an operator of a command's failure; empty for a fault of the program."""
    import asyncpg
    from tortoise.exceptions import BaseORMException

    from service.auth.keys import KeysUnusable
    from service.database.migrations import NothingToRevert
    from service.errors import DomainError
    from service.importers.reading import FileUnusable

    if isinstance(error, NothingToRevert | KeysUnusable | DomainError | FileUnusable):
        return str(error)
    cause = error.__cause__ if isinstance(error, BaseORMException) else error
    if isinstance(cause, OSError | asyncpg.PostgresError):
        return f"{type(cause).__name__}: {cause.args[-1] if cause.args else 'no answer'}"
    return ""


def say(text: str) -> None:
    """Prints a line as it is: not wrapped, so that names in it can be copied."""
    console.out(text, highlight=False)


def show_rows(*rows: tuple[str, ...]) -> None:
    """Prints rows of cells in aligned columns, not wrapped."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def moment(time: datetime | None) -> str:
    """Returns a time in UTC to the second; of none, a hyphen."""
    return f"{time:%F %T}Z" if time else "-"


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Shows a bar; gives what moves it."""
    with Progress(TextColumn(f"{what:8}"), BarColumn(), MofNCompleteColumn(), console=console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Shows a bar for each step once it is told of; gives what moves them."""
    with Progress(TextColumn("{task.description:8}"), BarColumn(), TaskProgressColumn(), console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def move(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step)
            bars.update(tasks[step], completed=done, total=total)

        yield move
