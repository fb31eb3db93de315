"""`make install` after an interruption, beside another one, and with a Python that cannot create environments."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"editables", "hatchling", "iniconfig", "packaging", "pathspec", "pluggy", "pygments", "pytest"}
PACKAGES |= {"trove-classifiers", "uv"}
"""The project's own pins, but only as many as show that programs and the editable install work."""

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "small"
version = "1"
"""

# Debian's python3 without the package python3-venv.
DEBIAN_PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p .venv/bin
  ln -s {python} .venv/bin/python
  echo "The virtual environment was not created successfully because ensurepip is not available."
  exit 1
fi
exec {python} "$@"
"""


class Checkout:
    """A small project that is set up by the real Makefile."""

    def __init__(self, root: Path) -> None:
        self.root = root
        requirements = root / "requirements"
        for folder in (requirements, root / "protos", root / "small"):
            folder.mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", root)
        for name in ("install.py", "uv.txt"):
            shutil.copy(ROOT / "requirements" / name, requirements)
        (requirements / "dev.txt").write_text(pins("dev.txt", PACKAGES))
        (requirements / "ministack.txt").write_text(pins("dev.txt", {"iniconfig"}))
        (root / "pyproject.toml").write_text(PYPROJECT)
        (root / "small" / "__init__.py").touch()
        (root / "protos" / "build_hook.py").touch()
        (root / "protos" / "generate.py").write_text("import pathlib; pathlib.Path('gen').mkdir(exist_ok=True)")

    def install(self, python: Path | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["make", "install", f"PYTHON={python or sys.executable}"],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd="/", capture_output=True, text=True, check=True, timeout=60)

    def processes(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(self.root)]


def pins(file: str, packages: set[str]) -> str:
    """Returns the entries of those packages, hashes included, from a file of requirements."""
    lines: list[str] = []
    wanted = False
    for line in (ROOT / "requirements" / file).read_text().splitlines():
        if not line.startswith((" ", "#")):
            wanted = line.partition("==")[0] in packages
        if wanted:
            lines.append(f"{line}\n")
    return "".join(lines)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path.resolve() / "checkout")


def test_an_interrupted_setup_shows_no_traceback_and_the_next_one_completes(checkout: Checkout) -> None:
    interrupted = checkout.install()
    deadline = time.monotonic() + 30
    while not (checkout.root / ".venv" / "bin" / "python").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for _ in range(2):
        os.killpg(interrupted.pid, signal.SIGINT)
    output, _ = interrupted.communicate(timeout=30)
    assert interrupted.returncode != 0
    assert "Traceback" not in output
    psutil.wait_procs(checkout.processes(), timeout=10)
    assert checkout.processes() == []

    # An environment without pip: another moment of the interruption, and the one that is always the same.
    shutil.rmtree(checkout.root / ".venv")
    checkout.run(sys.executable, "-m", "venv", "--without-pip", str(checkout.root / ".venv"))
    first, second = checkout.install(), checkout.install()
    outputs = [setup.communicate(timeout=60)[0] for setup in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    assert "Waiting for another setup" in "".join(outputs)
    binaries = checkout.root / ".venv" / "bin"
    assert "pytest" in checkout.run(str(binaries / "pytest"), "--version").stdout
    assert (
        str(checkout.root) in checkout.run(str(binaries / "python"), "-c", "print(__import__('small').__file__)").stdout
    )


def test_a_python_without_venv_names_the_package_to_install(checkout: Checkout, tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text(DEBIAN_PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    for _ in range(2):  # The second run finds what the first one left behind.
        setup = checkout.install(python)
        output, _ = setup.communicate(timeout=30)
        assert setup.returncode != 0
        assert "apt install python3-venv" in output
        assert "Traceback" not in output
