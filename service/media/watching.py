"""Watching a file from the upload form to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from service.auth.principal import Principal
from service.media.errors import TooManyFileWatches
from service.media.file_listener import FileNews
from service.media.files import Files
from service.media.models import FileState
from service.media.values import FileId, FileRecord
from service.ratelimit.concurrency import ConcurrencyLimit

WATCHES = 8
"""Of one caller, on one worker."""
READERS = 2
"""Watches of a worker that read at once."""
ENDS = frozenset({FileState.READY, FileState.REJECTED, FileState.EXPIRED, FileState.DELETED})


class FileWatches:
    """The watches of one worker."""

    def __init__(self, *, files: Files, news: FileNews) -> None:
        self._files = files
        self._news = news
        self._concurrency_limit = ConcurrencyLimit(WATCHES, error=TooManyFileWatches)
        self._readers = asyncio.Semaphore(READERS)

    async def watch_file(self, file_id: FileId, *, principal: Principal) -> AsyncGenerator[FileRecord]:
        """Yields the file at once and whenever its state has changed, up to a state that ends the work on it.

        Raises FileNotFound, TooManyFileWatches.
        """
        told: FileState | None = None
        with self._concurrency_limit.acquire(principal.user_id):
            async with self._news.followed(file_id) as news:
                while told not in ENDS:
                    news.clear()
                    async with self._readers:
                        record = await self._files.get_file(file_id, principal=principal)
                    if record.file.state is not told:
                        told = record.file.state
                        yield record
                    if told not in ENDS:
                        await news.wait()
