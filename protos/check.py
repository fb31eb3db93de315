"""Checks the protos: buf's lint rules, and no break against the last release.

buf reads the descriptor set that generate.py makes, so it needs no module registry.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from generate import GEN, PROTOS, ROOT, describe, generate

CONFIG = PROTOS / "buf.yaml"
BUF = Path(sys.executable).parent / "buf"


def main() -> int:
    """Runs both checks; returns the exit code."""
    generate()
    current = GEN / "marquee.binpb"
    lint = _buf("lint", current)
    release = _last_release()
    if release is None:
        print("buf breaking: no release tag yet, nothing to compare with")
        return lint
    with tempfile.TemporaryDirectory() as folder:
        released = Path(folder, "released.binpb")
        describe(_checked_out(release, Path(folder)), released)
        breaking = _buf("breaking", current, "--against", str(released))
    print(f"buf breaking: compared with {release}")
    return lint or breaking


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
