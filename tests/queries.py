"""Counts the SQL statements of the server by the ORM's log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Statements:
    """The statements of one block."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    @property
    def total(self) -> int:
        """Number of statements."""
        return len(self.sent)


class QueryCount(logging.Handler):
    """Handler of the ORM's log that counts statements; the server runs in this process."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._active: list[Statements] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Records one statement."""
        for statements in self._active:
            statements.sent.append(record.getMessage())

    @contextmanager
    def counted(self) -> Iterator[Statements]:
        """Yields the statements that all calls send while the block runs."""
        logger = logging.getLogger("tortoise.db_client")
        level, statements = logger.level, Statements()
        logger.addHandler(self)
        logger.setLevel(logging.DEBUG)
        self._active.append(statements)
        try:
            yield statements
        finally:
            self._active.remove(statements)
            logger.removeHandler(self)
            logger.setLevel(level)


async def wait_until_quiet(statements: Statements) -> None:
    """Waits until no statement was sent for half a second. On a slow machine this may return too early."""
    before = -1
    while statements.total != before:
        before = statements.total
        await asyncio.sleep(0.5)
