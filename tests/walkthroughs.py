"""Walkthroughs of CONTRIBUTING.md, executed in a copy of the checkout: `python -m tests.walkthroughs`.

The sections "Add an rpc" and "Add a column" contain two kinds of fenced blocks. A block with `file=PATH` in its first
line is code for that file. It goes before, after or in place of the line that `before="..."`, `after="..."` or
`replace="..."` names, or else to the end of the file. PATH can be a pattern that matches one file. An `sh` block is a
list of commands, which run in the copy. All blocks are executed in their order.
"""

from __future__ import annotations

import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = ("Add an rpc", "Add a column")
CHECKS = (".venv/bin/ruff format --check .", ".venv/bin/ruff check .")
_BLOCK = re.compile(r"^```(?P<info>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class BlockNotApplied(ValueError):
    """A block names a line that its file does not have exactly once; the message names both."""


@dataclass(frozen=True)
class Block:
    """One fenced block of a walkthrough."""

    language: str
    attributes: dict[str, str]
    text: str


def blocks(section: str) -> list[Block]:
    """Returns the executable blocks of a section of CONTRIBUTING.md; raises ValueError if it has none."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n## {section}\n")
    body = rest.partition("\n## ")[0]
    if not found or not _BLOCK.search(body):
        raise ValueError(f"CONTRIBUTING.md has no section {section!r} with code blocks")
    return list(_read_blocks(body))


def _read_blocks(body: str) -> Iterator[Block]:
    for match in _BLOCK.finditer(body):
        language, *attributes = shlex.split(match["info"])
        named = dict(attribute.split("=", 1) for attribute in attributes)
        if language == "sh" or "file" in named:
            yield Block(language, named, match["text"])


def apply(block: Block, folder: Path) -> None:
    """Writes the code of a block to its file below `folder`; raises BlockNotApplied."""
    path = _find(block.attributes["file"], folder)
    content = path.read_text(encoding="utf-8") if path.exists() else ""
    place = next((place for place in ("before", "after", "replace") if place in block.attributes), None)
    if place is None:
        path.write_text(content + block.text, encoding="utf-8")
        return
    anchor = block.attributes[place]
    lines = content.splitlines(keepends=True)
    positions = [number for number, line in enumerate(lines) if line.strip() == anchor.strip()]
    if len(positions) != 1:
        raise BlockNotApplied(f"{block.attributes['file']} has {len(positions)} lines {anchor!r}, not one")
    first = positions[0] + (place == "after")
    last = positions[0] + (place != "before")
    path.write_text("".join([*lines[:first], block.text, *lines[last:]]), encoding="utf-8")


def _find(pattern: str, folder: Path) -> Path:
    if "*" not in pattern:
        return folder / pattern
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise BlockNotApplied(f"{pattern} matches {len(found)} files, not one")
    return found[0]


def copy_checkout(folder: Path) -> None:
    """Copies the files of the checkout that git tracks or does not ignore to `folder`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def share_environment(folder: Path) -> None:
    """Gives the copy a `.venv` with the packages of the checkout's own one, and its source folders first on the path.

    A complete installation would take most of the time of a walkthrough.
    """
    own, copied = ROOT / ".venv", folder / ".venv"
    subprocess.run([own / "bin" / "python", "-m", "venv", "--without-pip", copied], check=True)
    (packages,) = copied.glob("lib/python*/site-packages")
    source = own / packages.relative_to(copied)
    (packages / "checkout.pth").write_text(f"{folder}\n{folder / 'gen'}\n{source}\n", encoding="utf-8")
    for program in (own / "bin").iterdir():
        target = copied / "bin" / program.name
        if target.exists() or not program.is_file():
            continue
        content = program.read_bytes()
        if content.startswith(b"#!") and b"python" in content.splitlines()[0]:
            target.write_bytes(b"#!%s\n" % bytes(copied / "bin" / "python") + content.partition(b"\n")[2])
            target.chmod(target.stat().st_mode | stat.S_IXUSR)
        else:
            target.symlink_to(program)
    (folder / ".venv-ministack").symlink_to(ROOT / ".venv-ministack")
    shutil.copytree(ROOT / "gen", folder / "gen")
    # make compares times: everything is newer than the files that it was made from.
    for stamp in (copied / ".installed", folder / "gen" / ".stamp"):
        stamp.touch()


def run(command: str, folder: Path) -> None:
    """Runs a shell command in the copy and prints its duration; raises CalledProcessError after printing its output."""
    started = time.monotonic()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=folder, check=False, stdout=-1, stderr=-2, text=True
    )
    sys.stdout.write(f"{time.monotonic() - started:6.1f} s  {command.strip()}\n")
    if done.returncode:
        sys.stdout.write(done.stdout)
        done.check_returncode()


def main() -> None:
    """Executes both walkthroughs, one after the other in one copy, and checks the code that they wrote."""
    with tempfile.TemporaryDirectory(prefix="marquee-walkthroughs-") as temporary:
        folder = Path(temporary).resolve()
        copy_checkout(folder)
        share_environment(folder)
        for section in SECTIONS:
            sys.stdout.write(f"{section}\n")
            for block in blocks(section):
                if block.language == "sh":
                    run(block.text, folder)
                else:
                    apply(block, folder)
        for check in CHECKS:
            run(check, folder)


if __name__ == "__main__":
    main()
