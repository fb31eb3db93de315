"""Sweeper: kills the processes that a test run left behind, also after kill -9.

A program whose arguments are the run's folder and, optionally, its folder in memory. It waits for the end of standard
input, which also comes when the test run is killed. Then it kills every process of this user whose working directory,
command or environment contains one of the folders, and removes the folder in memory.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress

import psutil


def sweep(folder: str, *, spared: Collection[int]) -> None:
    """Kills the processes of a folder, except the spared ones."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid not in spared and any(folder in text for text in _texts_of(process)):
                process.kill()


def _texts_of(process: psutil.Process) -> Iterator[str]:
    with suppress(psutil.AccessDenied):
        yield process.cwd()
        yield " ".join(process.cmdline())
        yield from process.environ().values()


if __name__ == "__main__":
    # The command of the test run itself may contain the folder.
    family = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    sys.stdin.read()
    run, *in_memory = sys.argv[1:]
    for folder in (run, *in_memory):
        sweep(folder, spared=family)
    for folder in in_memory:
        shutil.rmtree(folder, ignore_errors=True)
