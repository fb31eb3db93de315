"""Counts the SQL statements that the server sends, by the ORM's own log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Counted:
    """The statements of one block."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    @property
    def total(self) -> int:
        """How many there were."""
        return len(self.statements)


class QueryCount(logging.Handler):
    """Listens to the ORM's log while it is entered; the server runs in this process."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._listening: list[Counted] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Takes one statement."""
        for counted in self._listening:
            counted.statements.append(record.getMessage())

    @contextmanager
    def counted(self) -> Iterator[Counted]:
        """Counts what is sent while the block runs, by whichever call."""
        logger = logging.getLogger("tortoise.db_client")
        level, counted = logger.level, Counted()
        logger.addHandler(self)
        logger.setLevel(logging.DEBUG)
        self._listening.append(counted)
        try:
            yield counted
        finally:
            self._listening.remove(counted)
            logger.removeHandler(self)
            logger.setLevel(level)


async def until_quiet(counted: Counted) -> None:
    """Waits until no more statements are sent; a slow machine ends that early, and never late."""
    before = -1
    while counted.total != before:
        before = counted.total
        await asyncio.sleep(0.5)
