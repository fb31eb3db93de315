"""Conventions of the tests themselves."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent


def imported_modules(source: str) -> Iterator[str]:
    """Yields the full name of each module, and of each name in a module, that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_test_module(name: str) -> bool:
    """Returns whether a dotted name is a test module of this folder, or inside of one."""
    return name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))


def test_no_module_imports_a_test_module() -> None:
    """Shared code belongs in other modules, because pytest rewrites and runs test modules."""
    offenders = {
        str(path.relative_to(TESTS)): name
        for path in TESTS.rglob("*.py")
        if "node_modules" not in path.parts
        for name in imported_modules(path.read_text(encoding="utf-8"))
        if is_test_module(name)
    }
    assert offenders == {}


def test_the_check_finds_imports_of_test_modules() -> None:
    for source in (
        "from tests.users.test_login import PASSWORD",
        "from tests.users import test_login",
        "import tests.users.test_login",
    ):
        assert any(map(is_test_module, imported_modules(source)))
    assert not any(map(is_test_module, imported_modules("from tests.users.rows import add")))


def test_the_check_finds_docstrings_that_start_with_a_question_word() -> None:
    check = runpy.run_path(str(TESTS.parent / ".ci" / "check_docstrings.py"))
    source = '''
"""What this module is for."""
class Movie:
    """A movie."""
    title: str
    """Whatever people call it."""
    def year(self) -> int:
        """Returns what the poster says."""
def find() -> None:
    """
    *How* a movie is found.
    """
'''
    found = [docstring.line for docstring in check["python_docstrings"]("x.py", source) if docstring.is_question]
    assert found == [2, 6, 10]
    proto = "// Howard's service.\n// What it does.\nservice X {\n  // Whether it works.\n  rpc Y(Z) returns (Z);\n}\n"
    assert [comment.line for comment in check["proto_comments"]("x.proto", proto) if comment.is_question] == [4]
