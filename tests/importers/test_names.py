"""First and last names, split from full names."""

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
        ("", "", ""),
        ("Laura San Giacomo", "Laura", "San Giacomo"),
        ("Yasmine Al Massri", "Yasmine", "Al Massri"),
        ("Caroline de Souza Correa", "Caroline", "de Souza Correa"),
        ("Analeine Cal y Mayor", "Analeine", "Cal y Mayor"),
        ("Cedric the Entertainer", "Cedric the Entertainer", ""),
        ("Jody Poe 'The Trainer'", "Jody", "Poe 'The Trainer'"),
        ("Al Poe, Jr.", "Al", "Poe, Jr."),
        ("King Vidor", "King", "Vidor"),
        ("Mary Jane Watson-Poe", "Mary Jane", "Watson-Poe"),
        ("Park Chan-wook", "Park", "Chan-wook"),
        ("七人", "七人", ""),
    ],
)
def test_names_are_split(full: str, first: str, last: str) -> None:
    assert split_name(full) == (first, last)
