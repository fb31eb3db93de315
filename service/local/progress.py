"""Progress of long steps: a spinner on a terminal, otherwise a plain line every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.markup import escape

TERMINAL_SECONDS = 0.5
PLAIN_SECONDS = 3.0


class Progress:
    """Shows steps one after the other. Each step can report a detail, such as a count."""

    def __init__(self, console: Console, *, plain_seconds: float = PLAIN_SECONDS) -> None:
        """`plain_seconds` is the time between two lines of a step if the console is not a terminal."""
        self._console = console
        self._interval = TERMINAL_SECONDS if console.is_terminal else plain_seconds

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Shows a step and its seconds while the block runs; yields a function that changes the step's detail.

        Prints a line with the total time at the end, unless the block raises.
        """
        started = time.monotonic()
        detail = ""
        finished = threading.Event()

        def change(text: str) -> None:
            nonlocal detail
            detail = text

        def text() -> str:
            return escape(f"{name}: {detail or 'working'} ({time.monotonic() - started:.0f} s)")

        status = self._console.status(text()) if self._console.is_terminal else None

        def refresh() -> None:
            while not finished.wait(self._interval):
                if status is None:
                    self._console.print(f"  {text()}", soft_wrap=True)
                else:
                    status.update(text())

        thread = threading.Thread(target=refresh, name="progress", daemon=True)
        with status or nullcontext():
            thread.start()
            try:
                yield change
            finally:
                finished.set()
                thread.join()
        self._console.print(f"  [green]✓[/green] {name:22} {time.monotonic() - started:5.1f} s")
