"""Exports: all movies in one snapshot, read at the pace of the client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from service.catalog.changes.service import ChangeFeed
from service.catalog.errors import TooManyExports
from service.catalog.models import Movie
from service.catalog.service import Catalog, MovieDetail, MovieId
from service.database.snapshots import Snapshots
from service.ratelimit.concurrency import ConcurrencyLimit

BATCH_SIZE = 100
MAX_EXPORTS = 2
"""Concurrent exports of one worker. Each holds a connection, and prevents VACUUM from removing old rows."""


@dataclass(frozen=True, slots=True)
class ExportedMovies:
    """Some movies of a snapshot in the order of ids, and the cursor of the snapshot."""

    movies: Sequence[MovieDetail]
    cursor: str


class MovieExports:
    """The exports of one worker."""

    def __init__(self, *, catalog: Catalog, feed: ChangeFeed, snapshots: Snapshots) -> None:
        self._catalog = catalog
        self._feed = feed
        self._snapshots = snapshots
        self._concurrency_limit = ConcurrencyLimit(MAX_EXPORTS, error=TooManyExports)

    async def export_movies(self, *, after_id: int) -> AsyncGenerator[ExportedMovies]:
        """Yields the movies with greater ids in the order of ids, in at least one batch; reads each batch on demand.

        Raises TooManyExports.
        """
        with self._concurrency_limit.acquire("export"):
            async with self._snapshots.open() as snapshot:
                with snapshot.activated():
                    cursor = await self._feed.make_current_cursor()
                    batch = await self._batch_after(after_id)
                yield ExportedMovies(batch, cursor)
                while len(batch) == BATCH_SIZE:
                    with snapshot.activated():
                        batch = await self._batch_after(batch[-1].id)
                    if batch:
                        yield ExportedMovies(batch, cursor)

    async def _batch_after(self, movie_id: int) -> Sequence[MovieDetail]:
        movies = await Movie.filter(id__gt=movie_id).order_by("id").limit(BATCH_SIZE).only("id")
        ids = [MovieId(movie.id) for movie in movies]
        details = await self._catalog.get_movie_details(ids)
        return [details[movie_id] for movie_id in ids]
