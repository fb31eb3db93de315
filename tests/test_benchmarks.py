"""The benchmarks can start. Tests do not check their figures."""

from __future__ import annotations

import re
import subprocess
import sys

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


def test_help_lists_every_benchmark() -> None:
    modules = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "\ndef measure(" in path.read_text()}
    assert {"cold_import", "logins", "read_path"} <= modules
    result = bench("--help")
    listed = re.search(r"any of ([a-z_, ]+)$", result.stdout, re.MULTILINE)
    assert listed is not None, result.stdout
    assert set(listed[1].split(", ")) == modules


def test_a_ratio_is_printed_with_its_two_numbers() -> None:
    result = bench("--quick", "cold_import")
    assert (result.returncode, result.stderr) == (0, "measuring cold_import ...\n")
    assert "cold import: the image function / Pillow and botocore" in result.stdout
    assert " s / " in result.stdout


def test_the_error_names_an_unknown_benchmark() -> None:
    result = bench("logins", "lunches")
    assert result.returncode == 2
    assert "there is no benchmark named lunches" in result.stderr
