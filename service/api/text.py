"""Texts: Unicode normalization, and patterns for LIKE."""

from __future__ import annotations

import unicodedata

_WILDCARDS = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


def nfc(text: str) -> str:
    """Returns a text in Unicode's NFC form, so that texts that look equal are equal.

    Returns the text unchanged if its NFC form is longer: it could exceed the limits of the contract and of its column.
    """
    composed = unicodedata.normalize("NFC", text)
    return composed if len(composed) <= len(text) else text


def contains_pattern(text: str) -> str:
    """Returns the pattern for LIKE and ILIKE that matches texts which contain `text`."""
    return f"%{text.translate(_WILDCARDS)}%"
