"""Statements of lists: bound values."""

from __future__ import annotations

from typing import Any


class Parameters:
    """The values that are bound to one statement."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def place(self, value: Any) -> str:
        """Adds a value and returns its placeholder, such as `$3`."""
        self.values.append(value)
        return f"${len(self.values)}"
