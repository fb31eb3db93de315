"""Relative links between the Markdown files lead to existing files and headings."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
FILES = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()


def _anchors(path: Path) -> set[str]:
    """Returns the anchors that GitHub gives to the headings of a file."""
    headings = _HEADING.findall(_FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", FILES)
def test_links(name: str) -> None:
    source = ROOT / name
    for link in _LINK.findall(_FENCE.sub("", source.read_text(encoding="utf-8"))):
        file, _, anchor = link.partition("#")
        target = (source.parent / file).resolve() if file else source
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link
