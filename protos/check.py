"""Checks the protos: buf's lint rules, changes that break the last release, and README's table of rpcs.

buf reads the descriptor set that generate.py writes, so it needs no module registry.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import rpc_table
from generate import GEN, PROTOS, ROOT, describe, generate

CONFIG = PROTOS / "buf.yaml"
BUF = Path(sys.executable).parent / "buf"


def main() -> int:
    """Runs all checks and returns the exit code."""
    generate()
    return _lint() | _breaking() | _readme()


def _lint() -> int:
    return _buf("lint", GEN / "marquee.binpb")


def _breaking() -> int:
    release = _last_release()
    if release is None:
        print("buf breaking: skipped, because there is no release tag yet")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        released = Path(folder, "released.binpb")
        describe(_checked_out(release, Path(folder)), released)
        print(f"buf breaking: compares the protos with {release}")
        return _buf("breaking", GEN / "marquee.binpb", "--against", str(released))


def _readme() -> int:
    if rpc_table.is_current():
        return 0
    print("README.md: the table of rpcs is out of date; run `make protos` and commit README.md")
    return 1


def _buf(command: str, image: Path, *arguments: str) -> int:
    return subprocess.run([BUF, command, str(image), "--config", str(CONFIG), *arguments], check=False).returncode


def _last_release() -> str | None:
    tag = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0", "--match", "v*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return tag.stdout.strip() or None


def _checked_out(tag: str, folder: Path) -> Path:
    archive = subprocess.run(["git", "archive", tag, "protos"], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder / "protos"


if __name__ == "__main__":
    sys.exit(main())
