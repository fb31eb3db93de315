"""Temporary tables that an import copies its rows into, and the transaction around them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias

import asyncpg

from service.importers.summary import Outcome, Summary

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Progress = Callable[[str, int, int], None]
"""Told of a step how much of how much is done."""

# Any fixed number: names the lock that makes imports follow one another.
ADVISORY_LOCK = 0x4D617272
BATCH = 5_000
"""Rows that are held before they are copied."""
SETTINGS = """
SELECT pg_advisory_xact_lock($1), set_config('statement_timeout', '0', true), set_config('work_mem', '64MB', true),
    set_config('idle_in_transaction_session_timeout', '0', true)
"""


class Staging:
    """Rows on their way into temporary tables, each named for the type of its rows."""

    def __init__(self, connection: Connection, tables: Mapping[str, type[NamedTuple]]) -> None:
        self._connection = connection
        self._columns = {name: row._fields for name, row in tables.items()}
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in tables}

    def add(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Takes rows for a table."""
        self._rows[table].extend(rows)

    async def flush(self, *, least: int = 1) -> None:
        """Copies what is held, unless it is fewer rows than `least`."""
        if sum(map(len, self._rows.values())) < least:
            return
        for table, rows in self._rows.items():
            if rows:
                await self._connection.copy_records_to_table(table, records=rows, columns=self._columns[table])
                rows.clear()


@asynccontextmanager
async def import_transaction(connection: Connection, *, dry_run: bool = False) -> AsyncIterator[None]:
    """Opens a transaction that no other import runs beside; a dry run's is rolled back. Nests as savepoints."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(SETTINGS, ADVISORY_LOCK)
        yield
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.rollback() if dry_run else transaction.commit())


async def written(connection: Connection, statement: str) -> int:
    """Runs a statement; returns how many rows it wrote."""
    status: str = await connection.execute(statement)
    return int(status.rpartition(" ")[2])


def outcome(total: int, *, added: int, changed: int = 0) -> Outcome:
    """Returns what became of that many records."""
    return Outcome(added=added, changed=changed, unchanged=total - added - changed)


def update_different(table: str, values: Mapping[str, str], *, source: str, match: str) -> str:
    """Returns the statement that gives rows (`kept`) values of a source (`given`), where any differs.

    What is equal is not written at all, so neither its version nor its time of change moves.
    """
    assignments = ", ".join(f"{column} = {value}" for column, value in values.items())
    kept = ", ".join(f"kept.{column}" for column in values)
    return (
        f"UPDATE {table} AS kept SET {assignments} FROM {source} AS given"  # noqa: S608 - the importers' own words
        f" WHERE {match} AND ROW({kept}) IS DISTINCT FROM ROW({', '.join(values.values())})"
    )


async def record_import(connection: Connection, source: str, summary: Summary) -> None:
    """Writes the audit event of an import that changed something."""
    if summary.is_change:
        counts = {kind: [done.added, done.changed] for kind, done in summary.outcomes.items()}
        await connection.execute(
            "INSERT INTO audit_log (action, resource, outcome, detail) VALUES ('catalog.import', $1, 'ok', $2::jsonb)",
            f"imports/{source}",
            json.dumps({"added_and_changed": counts, "bad": dict(summary.bad)}),
        )
