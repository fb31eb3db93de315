"""What an import did, table by table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.importers.bad_rows import BadRow, BadRows


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the records of one kind that the files hold."""

    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import did, or would do."""

    outcomes: Mapping[str, Outcome]
    """By kind, in the order of their import."""
    bad: Mapping[str, int]
    """How many rows were left out, by kind."""
    first_bad: tuple[BadRow, ...]
    """The first 20 of these."""

    @property
    def is_change(self) -> bool:
        """Tells whether anything was added or changed."""
        return any(outcome.added or outcome.changed for outcome in self.outcomes.values())


def summarize(outcomes: Mapping[str, Outcome], bad: BadRows) -> Summary:
    """Returns the summary of an import."""
    return Summary(outcomes=outcomes, bad=dict(bad.counts), first_bad=tuple(bad.first))
