"""Lock and status of a running stack, both in one file, so that other commands can see what it does."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.local.layout import Layout

READY = "ready"
"""Status of a stack after its start."""
LOCK_SECONDS = 0.5
"""Time to retry the lock, because `read_status` holds it for an instant."""
POLL_SECONDS = 0.02


class StackRunning(RuntimeError):
    """Another process runs a stack on the data folder."""


@contextmanager
def locked(layout: Layout) -> Iterator[Callable[[str], None]]:
    """Holds the data folder and yields a function that publishes the status; raises StackRunning.

    The system releases the lock when this process ends, even after `kill -9`.
    """
    with layout.lock_file.open("a+", encoding="utf-8") as file:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StackRunning(
                        f"a stack is already running on {layout.root}: stop it with Ctrl-C in its terminal first"
                    ) from None
                time.sleep(POLL_SECONDS)

        def publish(status: str) -> None:
            file.truncate(0)
            file.write(status)
            file.flush()

        publish("")
        try:
            yield publish
        finally:
            publish("")


def read_status(layout: Layout) -> str | None:
    """Returns the status of the running stack (READY, or the step of its start), None if no stack is running."""
    try:
        with layout.lock_file.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read()
    except FileNotFoundError:
        pass
    return None
