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


def test_every_module_that_measures_is_offered() -> None:
    modules = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "\ndef measure(" in path.read_text()}
    assert {"cold_import", "logins", "read_path"} <= modules
    ended = bench("--help")
    offered = re.search(r"any of ([a-z_, ]+)$", ended.stdout, re.MULTILINE)
    assert offered is not None, ended.stdout
    assert set(offered[1].split(", ")) == modules


def test_a_figure_is_printed_with_the_numbers_of_its_ratio() -> None:
    ended = bench("--quick", "cold_import")
    assert (ended.returncode, ended.stderr) == (0, "measuring cold_import ...\n")
    assert "cold import: the image function / Pillow and botocore" in ended.stdout
    assert " s / " in ended.stdout


def test_the_error_names_an_unknown_benchmark() -> None:
    ended = bench("logins", "lunches")
    assert ended.returncode == 2
    assert "there is no benchmark named lunches" in ended.stderr
