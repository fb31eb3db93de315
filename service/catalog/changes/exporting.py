"""Exports: every movie as of one moment, read as fast as the reader takes it and no faster."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from service.catalog.changes.service import ChangeFeed
from service.catalog.changes.values import ExportedMovies
from service.catalog.errors import TooManyExports
from service.catalog.models import Movie
from service.catalog.service import Catalog, MovieDetail, MovieId
from service.database.snapshots import Snapshots
from service.ratelimit.concurrency import ConcurrencyLimit

BATCH = 100
EXPORTS = 2
"""At once on one worker: each holds a connection, and keeps PostgreSQL from clearing away old rows."""


class MovieExports:
    """The exports of one worker."""

    def __init__(self, *, catalog: Catalog, feed: ChangeFeed, snapshots: Snapshots) -> None:
        self._catalog = catalog
        self._feed = feed
        self._snapshots = snapshots
        self._concurrency_limit = ConcurrencyLimit(EXPORTS, error=TooManyExports)

    async def export_movies(self, *, after_id: int) -> AsyncGenerator[ExportedMovies]:
        """Yields the movies with greater ids, by id, at least one batch; a batch is read when it is asked for.

        Raises TooManyExports.
        """
        with self._concurrency_limit.acquire("export"):
            async with self._snapshots.open() as snapshot:
                with snapshot.activated():
                    cursor = await self._feed.cursor_of_now()
                    batch = await self._batch_after(after_id)
                yield ExportedMovies(batch, cursor)
                while len(batch) == BATCH:
                    with snapshot.activated():
                        batch = await self._batch_after(batch[-1].id)
                    if batch:
                        yield ExportedMovies(batch, cursor)

    async def _batch_after(self, movie_id: int) -> Sequence[MovieDetail]:
        movies = await Movie.filter(id__gt=movie_id).order_by("id").limit(BATCH).only("id")
        ids = [MovieId(movie.id) for movie in movies]
        details = await self._catalog.get_movie_details(ids)
        return [details[movie_id] for movie_id in ids]
