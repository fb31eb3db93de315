"""Temporary tables into which an import copies its rows, and the transaction around them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias

import asyncpg

from service.database.locks import AdvisoryLock
from service.importers.report import Summary

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Progress = Callable[[str, int, int], None]
"""Called with the name of a step, the part that is done and the whole."""

BATCH = 5_000
"""Number of rows in memory before they are copied."""
SETTINGS = """
SELECT pg_advisory_xact_lock($1), set_config('statement_timeout', '0', true), set_config('work_mem', '64MB', true),
    set_config('idle_in_transaction_session_timeout', '0', true)
"""


class Staging:
    """Buffer of rows for temporary tables; the fields of a row type are the columns of its table."""

    def __init__(self, connection: Connection, tables: Mapping[str, type[NamedTuple]]) -> None:
        self._connection = connection
        self._columns = {name: row._fields for name, row in tables.items()}
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in tables}

    def add(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Adds rows of a table to the buffer."""
        self._rows[table].extend(rows)

    async def flush(self, *, least: int = 1) -> None:
        """Copies the buffered rows into their tables if there are at least `least`."""
        if sum(map(len, self._rows.values())) < least:
            return
        for table, rows in self._rows.items():
            if rows:
                await self._connection.copy_records_to_table(table, records=rows, columns=self._columns[table])
                rows.clear()


@asynccontextmanager
async def import_transaction(connection: Connection, *, dry_run: bool = False) -> AsyncIterator[None]:
    """Opens a transaction under the lock of imports and rolls it back after a dry run.

    Within a transaction it opens a savepoint.
    """
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(SETTINGS, AdvisoryLock.IMPORT)
        yield
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.rollback() if dry_run else transaction.commit())


async def execute(connection: Connection, statement: str) -> int:
    """Executes a statement and returns the number of rows it wrote."""
    status: str = await connection.execute(statement)
    return int(status.rpartition(" ")[2])


def update_different(table: str, values: Mapping[str, str], *, source: str, match: str) -> str:
    """Returns an UPDATE of the table (`target`) from a source (`source`) that skips rows with equal values.

    Such rows keep their version and their time of change.
    """
    assignments = ", ".join(f"{column} = {value}" for column, value in values.items())
    current = ", ".join(f"target.{column}" for column in values)
    return (
        f"UPDATE {table} AS target SET {assignments} FROM {source} AS source"  # noqa: S608 - all parts are constants
        f" WHERE {match} AND ROW({current}) IS DISTINCT FROM ROW({', '.join(values.values())})"
    )


async def record_import(connection: Connection, source: str, summary: Summary) -> None:
    """Writes an audit event if the import changed something."""
    if summary.is_change:
        counts = {kind: [counts.added, counts.changed] for kind, counts in summary.counts.items()}
        await connection.execute(
            "INSERT INTO audit_log (action, resource, outcome, detail) VALUES ('catalog.import', $1, 'ok', $2::jsonb)",
            f"imports/{source}",
            json.dumps({"added_and_changed": counts, "bad": dict(summary.bad_rows)}),
        )
