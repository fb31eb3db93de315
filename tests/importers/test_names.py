"""Splitting full names."""

from __future__ import annotations

import pytest

from service.importers.names import split_name


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Madonna", "Madonna", ""),
        ("Ada Poe", "Ada", "Poe"),
        ("  Ada   M.  Poe ", "Ada M.", "Poe"),
        ("Vincent van Gogh", "Vincent", "van Gogh"),
        ("Robert De Niro", "Robert", "De Niro"),
        ("Oscar de la Renta", "Oscar", "de la Renta"),
        ("Van Morrison", "Van", "Morrison"),
        ("Sammy Davis, Jr.", "Sammy", "Davis, Jr."),
        ("Robert Downey Jr.", "Robert", "Downey Jr."),
        ("Thomas Poe III", "Thomas", "Poe III"),
        ("Karen Foster (V)", "Karen", "Foster (V)"),
        ("John Poe,", "John", "Poe"),
        ("Kurt and Bart", "Kurt and Bart", ""),
        ("Earth Wind & Fire", "Earth Wind & Fire", ""),
        ("Jr.", "Jr.", ""),
    ],
)
def test_names_are_split(full: str, first: str, last: str) -> None:
    assert split_name(full) == (first, last)
