#!/usr/bin/env python3
"""Checks that no docstring starts with a question word: a docstring says what the code does, in one plain sentence.

Reads every Python file that git tracks: docstrings of modules, classes, functions and attributes. Also reads the
comments of services, rpcs, messages and fields in the protos. Prints each offence as `file:line: first words` and exits
with 1 if there is any. With `--count` it prints the number of offences in each directory instead.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

QUESTION_WORDS = frozenset(
    word + ending for word in ("what", "where", "who", "how", "whether") for ending in ("", "ever", "soever")
) | {"whom", "whomever", "whose", "why"}
FIRST_WORD = re.compile(r"[^A-Za-z]*([A-Za-z]+)")


class Docstring(NamedTuple):
    """A docstring, or the first line of a comment in a proto."""

    path: str
    line: int
    text: str

    @property
    def is_question(self) -> bool:
        """Returns whether it starts with a question word."""
        first = FIRST_WORD.match(self.text)
        return first is not None and first[1].lower() in QUESTION_WORDS


def python_docstrings(path: str, source: str) -> Iterator[Docstring]:
    """Yields every string that is a statement by itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield Docstring(path, node.lineno, node.value.value)


def proto_comments(path: str, source: str) -> Iterator[Docstring]:
    """Yields the first line of every block of comment lines."""
    is_inside = False
    for number, line in enumerate(source.splitlines(), start=1):
        is_comment = line.lstrip().startswith("//")
        if is_comment and not is_inside:
            yield Docstring(path, number, line.lstrip().lstrip("/"))
        is_inside = is_comment


READERS = {".py": python_docstrings, ".proto": proto_comments}


def offences() -> Iterator[Docstring]:
    """Yields the docstrings of tracked files that start with a question word."""
    listed = subprocess.run(["git", "ls-files", "-z", "*.py", "*.proto"], check=True, capture_output=True, text=True)
    for path in filter(None, listed.stdout.split("\0")):
        file = Path(path)
        # A file may be deleted in the work tree and still be in the index.
        if file.is_file():
            found = READERS[file.suffix](path, file.read_text(encoding="utf-8"))
            yield from (docstring for docstring in found if docstring.is_question)


def main() -> int:
    """Prints the offences and returns the exit code."""
    found = list(offences())
    if "--count" in sys.argv[1:]:
        for directory, count in sorted(Counter(str(Path(docstring.path).parent) for docstring in found).items()):
            print(f"{count:4} {directory}")
        print(f"{len(found):4} in total")
    else:
        for docstring in found:
            print(f"{docstring.path}:{docstring.line}: {' '.join(docstring.text.split()[:8])}")
    if found:
        print("These docstrings start with a question word. Start with a verb or a noun.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
