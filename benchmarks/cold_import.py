"""How long a cold start of the image function imports, against the two packages that it cannot do without."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial

from benchmarks.figure import Effort, Figure, MeasurementFailed, in_turns
from tests.processes import ROOT

HANDLER = "import lambdas.register_image.handler"
PACKAGES = "import PIL.Image, botocore.session"
TIMED = "import time; started = time.perf_counter(); {}; print(time.perf_counter() - started)"
REPEATS = 6


def measure(effort: Effort) -> Iterator[Figure]:
    """Measures imports that find no bytecode, as in the function's zip, each in a process of its own."""
    pairs = in_turns(partial(_import, HANDLER), partial(_import, PACKAGES), repeats=effort.repeats(REPEATS))
    remark = "on an ordinary machine the function's budget is 0.6 s"
    yield Figure("cold import: the image function / Pillow and botocore", pairs, "s", remark=remark)


def _import(statement: str) -> float:
    with tempfile.TemporaryDirectory(prefix="marquee-benchmarks-") as nothing:
        # Bytecode is looked for in an empty folder, and not written.
        command = [sys.executable, "-B", "-X", f"pycache_prefix={nothing}", "-c", TIMED.format(statement)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasurementFailed(done.stderr)
    return float(done.stdout)
