"""Terminal output of the commands: lines, tables, JSON and progress bars."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

JsonOutput = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
UNLIMITED = 1_000_000
"""Columns of a terminal; a table takes only as many as its cells need."""
console = Console()


def print_line(text: str) -> None:
    """Prints a line without wrapping it, so that names in it can be copied."""
    console.out(text, highlight=False)


def print_list(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, as_json: bool = False, if_empty: str = ""
) -> None:
    """Prints rows as a table, or as a JSON list of objects whose keys are the columns.

    Column names are identifiers: a table shows their underscores as spaces. Without rows the table is the text
    `if_empty`, or only the header.
    """
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif not rows and if_empty:
        print_line(if_empty)
    else:
        print_table([column.replace("_", " ") for column in columns], rows)


def print_json(value: object) -> None:
    """Prints a value as indented JSON: times in ISO 8601 and UTC, durations in seconds."""
    print_line(json.dumps(value, indent=2, ensure_ascii=False, default=_json_value))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, folded: Sequence[str] = ()) -> None:
    """Prints aligned columns. No cell is cut or wrapped, so that its text can be copied and read by programs.

    Columns in `folded` are wrapped to fit a terminal.
    """
    is_folded = bool(folded) and console.is_terminal
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for header in headers:
        table.add_column(header, no_wrap=not (is_folded and header in folded))
    for row in rows:
        table.add_row(*(Text(format_cell(value)) for value in row))
    printer = console if is_folded else Console(width=UNLIMITED, force_terminal=console.is_terminal)
    with printer.capture() as capture:
        printer.print(table)
    for line in capture.get().splitlines():
        print_line(line.rstrip())


def format_cell(value: object) -> str:
    """Returns the text of a table cell: yes or no for a bool, a hyphen for None, a time to the second in UTC."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return format_time(value)
        case timedelta():
            return str(timedelta(seconds=int(value.total_seconds())))
        case list() | tuple():
            return " ".join(map(format_cell, value)) or "-"
    return str(value)


def format_time(time: datetime | None) -> str:
    """Returns a time in UTC to the second; a hyphen for None."""
    return f"{time.astimezone(UTC):%F %T}Z" if time else "-"


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


def _json_value(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
    return str(value)
