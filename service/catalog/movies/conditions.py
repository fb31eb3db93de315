"""Conditions on movies: what a filter asks, free of how it was written, and its SQL with every value apart.

A condition is a value: two filters that ask the same are equal, which is what page tokens are bound to. In SQL the
movie is `m`. A movie without a value fulfils no comparison but `!=`, and NOT turns every answer into the other one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from service.api.query import Parameters

Render = Callable[[str, Any, Parameters], str]
"""Writes a comparison, given its operator (never `!=`), its value and the statement's values."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a value; the field's table (`fields.FIELDS`) says which operators it has."""

    field: str
    operator: str
    value: Any

    def sql(self, parameters: Parameters, render: Render, *, negated: bool) -> str:
        """Returns the comparison, or what holds when it does not."""
        operator = "=" if self.operator == "!=" else self.operator
        written = render(operator, self.value, parameters)
        if negated == (self.operator == "!="):
            return written
        # PostgreSQL makes an anti-join of NOT EXISTS alone, and EXISTS is never unknown.
        return f"NOT {written}" if written.startswith("EXISTS") else f"({written}) IS NOT TRUE"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold."""

    part: Condition


Condition: TypeAlias = Comparison | AllOf | AnyOf | Negation
