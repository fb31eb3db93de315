"""The benchmarks still start; what they measure is no test's business."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.processes import ROOT, environment


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "benchmarks/run.py", *arguments],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "name",
    ["cold_import", "authentication", "login_timing", "logins", "reads_during_logins", "recommendations", "favorites"],
)
def test_every_benchmark_is_offered(name: str) -> None:
    assert name in bench("--help").stdout


def test_a_figure_is_printed_beside_the_numbers_it_was_made_of() -> None:
    told = bench("--quick", "cold_import")
    assert (told.returncode, told.stderr) == (0, "measuring cold_import ...\n")
    assert "cold import: the image function / Pillow and botocore" in told.stdout
    assert " s / " in told.stdout


def test_an_unknown_benchmark_is_named() -> None:
    told = bench("logins", "lunches")
    assert told.returncode == 2
    assert "there is no benchmark named lunches" in told.stderr
