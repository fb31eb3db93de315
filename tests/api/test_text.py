"""Unicode normalization, and patterns for LIKE."""

from __future__ import annotations

import pytest

from service.api.text import contains_pattern, nfc


def test_texts_that_look_equal_become_equal() -> None:
    assert nfc("e\u0301tude") == nfc("\u00e9tude") == "\u00e9tude"


@pytest.mark.parametrize("text", ["\u0958", "\U0001d15e"])
def test_a_text_that_nfc_makes_longer_stays_unchanged(text: str) -> None:
    assert nfc(text) == text


@pytest.mark.parametrize(
    ("text", "pattern"), [("a", "%a%"), ("100 %", r"%100 \%%"), ("a_b", r"%a\_b%"), ("\\", r"%\\%")]
)
def test_wildcards_are_literal(text: str, pattern: str) -> None:
    assert contains_pattern(text) == pattern
