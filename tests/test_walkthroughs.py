"""The code blocks of the walkthroughs fit into the files that they name. `make walkthroughs` executes them."""

from pathlib import Path

import pytest

from tests.walkthroughs import SECTIONS, Block, BlockNotApplied, apply, blocks, copy_checkout


def test_the_code_blocks_apply(tmp_path: Path) -> None:
    copy_checkout(tmp_path)
    for section in SECTIONS:
        code = [block for block in blocks(section) if block.language != "sh"]
        assert code
        for block in code:
            # A command of the walkthrough writes the file that a pattern matches.
            if "*" not in block.attributes["file"]:
                apply(block, tmp_path)


def test_a_block_goes_next_to_the_line_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("one\nthree\n")
    apply(Block("python", {"file": "a.py", "before": "three"}, "two\n"), tmp_path)
    apply(Block("python", {"file": "a.py", "after": "three"}, "four\n"), tmp_path)
    apply(Block("python", {"file": "a.py"}, "five\n"), tmp_path)
    apply(Block("python", {"file": "*.py", "replace": "one"}, "zero\n"), tmp_path)
    assert path.read_text() == "zero\ntwo\nthree\nfour\nfive\n"


def test_a_block_that_names_a_missing_line_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\none\n")
    for anchor in ("one", "two"):
        with pytest.raises(BlockNotApplied, match=anchor):
            apply(Block("python", {"file": "a.py", "before": anchor}, "\n"), tmp_path)
    with pytest.raises(BlockNotApplied, match="matches 0 files"):
        apply(Block("python", {"file": "b*.py"}, "\n"), tmp_path)


def test_a_missing_section_is_an_error() -> None:
    with pytest.raises(ValueError, match="no section 'Add a planet'"):
        blocks("Add a planet")
