"""The benchmarks still run; what they measure is no test's business."""

from __future__ import annotations

import subprocess
import sys

from tests.processes import ROOT, environment

FIGURES = ("cold import", "GetJwks", "GetMovie", "refused login", "logins / bare verifications", "beside 200 logins")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "benchmarks/run.py", *arguments],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_every_figure_can_be_taken() -> None:
    told = run("--quick")
    assert (told.returncode, told.stderr.count("measuring")) == (0, 5), told.stderr
    for figure in FIGURES:
        assert figure in told.stdout


def test_an_unknown_benchmark_is_named() -> None:
    told = run("logins", "lunches")
    assert told.returncode == 2
    assert "there is no benchmark named lunches" in told.stderr
