"""Import report: numbers of added, changed and unchanged records, and the rows that were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FIRST_BAD_ROWS = 20


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row, or one entry of its lists, that the import left out."""

    file: str
    line: int
    """First line of the row; the header is line 1."""
    kind: str
    """Kind of record, such as `movie`."""
    reason: str


class BadRows:
    """Counts the bad rows of an import and holds the first 20 in memory."""

    def __init__(self, *, on_bad_row: Callable[[BadRow], None] | None = None) -> None:
        """Calls `on_bad_row` with every bad row when it is found."""
        self._on_bad_row = on_bad_row
        self.counts: Counter[str] = Counter()
        """By kind."""
        self.first: list[BadRow] = []

    def add(self, row: BadRow) -> None:
        """Counts a bad row."""
        self.counts[row.kind] += 1
        if len(self.first) < FIRST_BAD_ROWS:
            self.first.append(row)
        if self._on_bad_row:
            self._on_bad_row(row)


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """Numbers of records of one kind in the files, by what the import did with them."""

    added: int
    changed: int
    unchanged: int


def count_records(total: int, *, added: int, changed: int = 0) -> RecordCounts:
    """Returns the counts of `total` records."""
    return RecordCounts(added=added, changed=changed, unchanged=total - added - changed)


@dataclass(frozen=True, slots=True)
class Summary:
    """Result of an import or of a dry run."""

    counts: Mapping[str, RecordCounts]
    """By kind, in the order of the import."""
    bad_rows: Mapping[str, int]
    """Number of rows that were left out, by kind."""
    first_bad_rows: tuple[BadRow, ...]
    """At most 20."""

    @property
    def is_change(self) -> bool:
        """Returns whether the import added or changed a record."""
        return any(counts.added or counts.changed for counts in self.counts.values())


def summarize(counts: Mapping[str, RecordCounts], bad: BadRows) -> Summary:
    """Returns the summary of an import."""
    return Summary(counts=counts, bad_rows=dict(bad.counts), first_bad_rows=tuple(bad.first))
