"""Ends what a test run left behind, however the run ended.

Run as a program with the run's folder and, if it has one, that which it keeps in memory. Once standard input reaches
its end, which a killed test run cannot prevent, it kills every process of this user that works in one of them or names
it in its command or environment, and frees the memory.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress

import psutil


def sweep(folder: str, *, spared: Collection[int]) -> None:
    """Kills the processes of a folder, the spared ones excepted."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid not in spared and any(folder in mark for mark in _marks(process)):
                process.kill()


def _marks(process: psutil.Process) -> Iterator[str]:
    with suppress(psutil.AccessDenied):
        yield process.cwd()
        yield " ".join(process.cmdline())
        yield from process.environ().values()


if __name__ == "__main__":
    # The test run itself may name the folder in its command.
    family = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    sys.stdin.read()
    run, *in_memory = sys.argv[1:]
    for folder in (run, *in_memory):
        sweep(folder, spared=family)
    for folder in in_memory:
        shutil.rmtree(folder, ignore_errors=True)
