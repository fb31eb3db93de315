"""Prints what became of each attack: `python -m tests.lambdas.attack_report [name ...]`.

Each runs in a process of its own, built before its memory is measured: the peak is that of the whole process while
it verifies and renders, with everything the function imports.
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

import lambdas.register_image.handler  # noqa: F401 - so that the peak holds what the function imports
from lambdas.register_image.kinds import KINDS
from lambdas.register_image.limits import give_back_memory
from lambdas.register_image.render import render
from lambdas.register_image.verdict import Rejected
from lambdas.register_image.verify import verify
from tests.lambdas.attacks import ACCEPTED, ATTACKS, LARGEST

_CHILD = "--one"


def main() -> int:
    """Returns 1 when an attack ended in another verdict than it has to."""
    if _CHILD in sys.argv:
        sys.stdout.write(json.dumps(_measured(Path(sys.argv[-1]).read_bytes())))
        return 0
    names = set(sys.argv[1:])
    table = Table("attack", "bytes", "verdict", "peak MB", "seconds")
    wrong = 0
    for attack in (*ATTACKS, *LARGEST):
        if names and attack.name not in names:
            continue
        data = attack.build()
        verdict, peak, seconds = _in_a_process(data)
        as_wanted = verdict == attack.verdict
        wrong += not as_wanted
        remark = "" if as_wanted else f" [bold]not {attack.verdict}[/bold]"
        table.add_row(attack.name, str(len(data)), verdict + remark, f"{peak:.0f}", f"{seconds:.2f}")
    Console(highlight=False).print(table)
    return 1 if wrong else 0


def _in_a_process(data: bytes) -> tuple[str, float, float]:
    with tempfile.NamedTemporaryFile(prefix="marquee-attack-") as file:
        file.write(data)
        file.flush()
        command = [sys.executable, "-m", "tests.lambdas.attack_report", _CHILD, file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"DIED ({done.stderr.strip().splitlines()[-1:]})", 0.0, 0.0
    verdict, peak, seconds = json.loads(done.stdout)
    return verdict, peak, seconds


def _measured(data: bytes) -> tuple[str, float, float]:
    started = time.perf_counter()
    verdict: str = ACCEPTED
    try:
        picture = verify(data, kind=KINDS["poster"])
        give_back_memory()
        for _ in render(picture, kind=KINDS["poster"]):
            pass
    except Rejected as refused:
        verdict = refused.reason
    seconds = time.perf_counter() - started
    return verdict, _peak_megabytes(), seconds


def _peak_megabytes() -> float:
    # getrusage would answer with the peak of the process that started this one, where that was higher.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    sys.exit(main())
