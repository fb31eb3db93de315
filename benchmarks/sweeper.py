"""Sweeper: removes what a benchmark run left behind, also after kill -9.

A program whose argument is a folder. It waits for the end of standard input, which also comes when the run is killed.
Then it kills every process in the folder and removes the folder.
"""

from __future__ import annotations

import os
import shutil
import sys

import psutil

from tests.sweeper import sweep

if __name__ == "__main__":
    family = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    sys.stdin.read()
    sweep(sys.argv[1], spared=family)
    shutil.rmtree(sys.argv[1], ignore_errors=True)
