"""Sets up one part of the checkout: `.venv`, `.venv-ministack` or `gen`. `make install` calls it once for each.

A part's stamp file is written last. A part without its stamp is incomplete, so it is removed and made again: no
interruption breaks a later run, not even `kill -9`. Only one setup runs at a time; a second one waits for it.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"
STAMP = ".installed"
INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended: 128 + SIGINT."""


class SetupFailed(RuntimeError):
    """A step failed; the message says what the user can do about it."""


class Setup:
    """The steps for each part. Its commands inherit the lock, so the lock outlives this process if they do."""

    def __init__(self, *, python: str, lock: int) -> None:
        """Takes the interpreter that creates the environments, and the descriptor of the lock."""
        self._python = python
        self._lock = lock

    def install_venv(self, folder: Path) -> None:
        """Installs what the checkout needs, and the checkout itself in editable mode."""
        _begin(folder, f"Python {platform.python_version()} and the packages of requirements/dev.txt")
        if not (BIN / "python").exists():
            self._create(folder)
        if not (BIN / "uv").exists():
            pip = [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            self._run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "uv.txt")
        self._sync(folder, "dev.txt")
        editable = ["--no-deps", "--no-build-isolation", "--editable", ROOT]
        self._run(BIN / "uv", "pip", "install", "--quiet", "--python", BIN / "python", *editable)

    def install_ministack(self, folder: Path) -> None:
        """Installs the local S3, SQS and Lambda."""
        _begin(folder, "the local S3, SQS and Lambda")
        if not (folder / "bin" / "python").exists():
            self._create(folder, "--without-pip")
        self._sync(folder, "ministack.txt")

    def generate_stubs(self, _folder: Path) -> None:
        """Generates the stubs from the protos; the script replaces the folder as a whole."""
        self._run(BIN / "python", ROOT / "protos" / "generate.py")

    def _create(self, folder: Path, *options: str) -> None:
        try:
            self._run(self._python, "-m", "venv", *options, folder)
        except SetupFailed as error:
            raise SetupFailed(
                f"{self._python} cannot create a virtual environment. On Debian and Ubuntu install the package"
                " python3-venv (sudo apt install python3-venv), then run make again."
            ) from error

    def _sync(self, folder: Path, requirements: str) -> None:
        command = [BIN / "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", folder / "bin" / "python"]
        self._run(*command, ROOT / "requirements" / requirements)

    def _run(self, *command: str | Path) -> None:
        # A session of its own: Ctrl-C reaches only this process, which ends the command without a traceback.
        environment = os.environ | {"PATH": f"{BIN}:{os.environ.get('PATH', os.defpath)}"}
        with subprocess.Popen(command, env=environment, start_new_session=True, pass_fds=[self._lock]) as process:
            try:
                code = process.wait()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if code != 0:
            raise SetupFailed(f"this command ended with exit code {code}: {' '.join(map(str, command))}")


def main() -> int:
    """Makes one stamp file and all that it stands for; returns the exit code."""
    parser = argparse.ArgumentParser(description="Sets up one part of the checkout.")
    parser.add_argument("--python", default=sys.executable, help="interpreter that creates the environments")
    parser.add_argument("stamp", type=Path, help=".venv/.installed, .venv-ministack/.installed or gen/.stamp")
    parser.add_argument("inputs", type=Path, nargs="*", help="files that the stamp must be newer than")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with _locked() as lock:
            _ensure(arguments.stamp, arguments.inputs, Setup(python=arguments.python, lock=lock))
    except KeyboardInterrupt:
        print("Setup was interrupted. The next run starts it again.", file=sys.stderr)
        return INTERRUPTED
    except SetupFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _ensure(stamp: Path, inputs: Sequence[Path], setup: Setup) -> None:
    folder = stamp.absolute().parent
    steps = {".venv": setup.install_venv, ".venv-ministack": setup.install_ministack, "gen": setup.generate_stubs}
    if stamp.exists():
        if all(stamp.stat().st_mtime >= file.stat().st_mtime for file in inputs):
            return  # Another setup has just done it.
    elif folder.exists():
        print(f"{folder.name} is incomplete: an earlier setup did not end. Starting again.", flush=True)
        shutil.rmtree(folder)
    steps[folder.name](folder)
    stamp.touch()


def _begin(folder: Path, content: str) -> None:
    print(f"Setting up {folder.name}: {content} ...", flush=True)
    (folder / STAMP).unlink(missing_ok=True)


@contextlib.contextmanager
def _locked() -> Iterator[int]:
    """Holds the one lock of all setups, a lock on this file, and yields its descriptor."""
    with Path(__file__).open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another setup of this checkout ...", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _interrupt(_number: int, _frame: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
