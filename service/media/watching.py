"""File watches: stream a file's states from the upload form to the end of its processing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from service.auth.principal import Principal
from service.database.listener import Channel, Listener
from service.media.enums import FileState
from service.media.errors import TooManyFileWatches
from service.media.files import Files
from service.media.values import FileId, FileRecord
from service.ratelimit.concurrency import ConcurrencyLimit

WATCHES = 8
"""Watches of one caller on one worker."""
READERS = 2
"""Watches of a worker that read at the same time."""
FINAL_STATES = frozenset({FileState.READY, FileState.REJECTED, FileState.EXPIRED, FileState.DELETED})


class FileWatches:
    """The watches of one worker."""

    def __init__(self, *, files: Files, listener: Listener) -> None:
        self._files = files
        self._listener = listener
        self._limit = ConcurrencyLimit(WATCHES, error=TooManyFileWatches)
        self._readers = asyncio.Semaphore(READERS)

    async def watch_file(self, file_id: FileId, *, principal: Principal) -> AsyncGenerator[FileRecord]:
        """Yields the file at once and after each change of its state, up to a final state.

        Raises FileNotFound, TooManyFileWatches.
        """
        state: FileState | None = None
        with (
            self._limit.acquire(principal.user_id),
            self._listener.wakeups(Channel.FILES, str(file_id)) as notified,
        ):
            while state not in FINAL_STATES:
                notified.clear()
                async with self._readers:
                    record = await self._files.get_file(file_id, principal=principal)
                if record.file.state is not state:
                    state = record.file.state
                    yield record
                if state not in FINAL_STATES:
                    await notified.wait()
