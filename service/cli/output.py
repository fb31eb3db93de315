"""Terminal output of the commands: lines, tables and progress bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TaskProgressColumn, TextColumn

console = Console()


def print_line(text: str) -> None:
    """Prints a line without wrapping it, so that names in it can be copied."""
    console.out(text, highlight=False)


def print_rows(*rows: tuple[str, ...]) -> None:
    """Prints rows of cells in aligned columns, without wrapping them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def format_time(time: datetime | None) -> str:
    """Returns a time in UTC to the second; a hyphen for None."""
    return f"{time:%F %T}Z" if time else "-"


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """Shows a bar; yields the function that moves it."""
    with Progress(TextColumn(f"{name:8}"), BarColumn(), MofNCompleteColumn(), console=console) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Shows one bar per step, from its first report on; yields the function that moves them."""
    with Progress(TextColumn("{task.description:8}"), BarColumn(), TaskProgressColumn(), console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def move(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step)
            bars.update(tasks[step], completed=done, total=total)

        yield move
