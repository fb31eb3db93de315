"""Prints the result of each attack: `python -m tests.lambdas.attack_report [name ...]`.

Each attack runs in its own process, which receives the finished file. The peak memory is that of the whole process,
including the imports of the function, while it verifies and renders.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import lambdas.register_image.handler  # noqa: F401 - the peak memory includes the imports of the function
from lambdas.register_image.image_kinds import KINDS
from lambdas.register_image.rejection import Rejected
from lambdas.register_image.render import render
from lambdas.register_image.resource_limits import release_memory
from lambdas.register_image.verify import verify
from tests.lambdas.attacks import ACCEPTED, ATTACKS, LARGEST

_CHILD = "--one"


def main() -> int:
    """Runs the attacks; returns 1 if one has an unexpected result."""
    if _CHILD in sys.argv:
        sys.stdout.write(json.dumps(_measure(Path(sys.argv[-1]).read_bytes())))
        return 0
    names = set(sys.argv[1:])
    table = Table("attack", "bytes", "result", "peak MB", "seconds")
    wrong = 0
    for attack in (*ATTACKS, *LARGEST):
        if names and attack.name not in names:
            continue
        data = attack.build()
        result, peak, seconds = _run_in_process(data)
        is_expected = result == attack.expected
        wrong += not is_expected
        remark = "" if is_expected else f" [bold]not {attack.expected}[/bold]"
        table.add_row(attack.name, str(len(data)), result + remark, f"{peak:.0f}", f"{seconds:.2f}")
    Console(highlight=False).print(table)
    return 1 if wrong else 0


def _run_in_process(data: bytes) -> tuple[str, float, float]:
    with tempfile.NamedTemporaryFile(prefix="marquee-attack-") as file:
        file.write(data)
        file.flush()
        command = [sys.executable, "-m", "tests.lambdas.attack_report", _CHILD, file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"DIED ({done.stderr.strip().splitlines()[-1:]})", 0.0, 0.0
    result, peak, seconds = json.loads(done.stdout)
    return result, peak, seconds


def _measure(data: bytes) -> tuple[str, float, float]:
    started = time.perf_counter()
    result: str = ACCEPTED
    try:
        verified = verify(data, kind=KINDS["poster"])
        release_memory()
        for _ in render(verified, kind=KINDS["poster"]):
            pass
    except Rejected as rejection:
        result = rejection.reason
    seconds = time.perf_counter() - started
    return result, _peak_megabytes(), seconds


def _peak_megabytes() -> float:
    # getrusage would return the peak of the parent process if that is higher.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    sys.exit(main())
