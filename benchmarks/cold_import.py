"""Import time of the image function in a cold start, compared with its budget, its packages and its sources."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.figure import Figure, MeasurementFailed, RunOptions, alternate
from lambdas.build import BuildFailed, build
from tests.processes import ROOT

HANDLER = "import lambdas.register_image.handler"
PACKAGES = "import PIL.Image, botocore.session"
BUDGET = 0.6
"""Seconds."""
TIMED = """
import sys, time
sys.path.insert(0, sys.argv[1])
started = time.perf_counter()
{}
print(time.perf_counter() - started)
"""
REPEATS = 6


def measure(options: RunOptions) -> Iterator[Figure]:
    """Measures imports from the function's unpacked zip, each in a new process that may not write bytecode."""
    with tempfile.TemporaryDirectory(prefix="marquee-benchmarks-") as folder:
        compiled, sources = Path(folder) / "compiled", Path(folder) / "sources"
        try:
            package = build(stubs=ROOT / "gen", output=Path(folder))
        except BuildFailed as error:
            raise MeasurementFailed(str(error)) from error
        with zipfile.ZipFile(package) as archive:
            archive.extractall(compiled)
            archive.extractall(sources, [name for name in archive.namelist() if not name.endswith(".pyc")])
        handler = partial(_import, HANDLER, compiled)
        repeats = options.repeats(REPEATS)
        # Warm-up: the first read of a file waits for the disk.
        handler(), _import(HANDLER, sources)
        beside_packages = alternate(handler, partial(_import, PACKAGES, compiled), repeats=repeats)
        beside_sources = alternate(handler, partial(_import, HANDLER, sources), repeats=repeats)
    within = [(seconds, BUDGET) for seconds, _ in [*beside_packages, *beside_sources]]
    yield Figure("cold import: the image function / its budget", within, "s", "<= 1", "seconds depend on the machine")
    yield Figure("cold import: the image function / Pillow and botocore", beside_packages, "s")
    yield Figure("cold import: with the zip's bytecode / from its sources", beside_sources, "s")


def _import(statement: str, folder: Path) -> float:
    # -I and -S hide the packages and variables of this environment. -B writes no bytecode for the next process.
    command = [sys.executable, "-I", "-S", "-B", "-c", TIMED.format(statement), str(folder)]
    done = subprocess.run(command, env={"PATH": os.defpath}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasurementFailed(done.stderr)
    return float(done.stdout)
