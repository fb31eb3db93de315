"""Ends what measurements left behind, however they ended.

Run as a program with a folder; once standard input reaches its end, which a killed run cannot prevent, it kills every
process of the folder and removes the folder.
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
