"""Movies as replies carry them: serialized, kept in memory, with what the caller did with each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeAlias, cast

from marquee.catalog.v1 import movie_pb2

from service.auth.principal import UserId
from service.caching.response_cache import Parts, ReplyCache
from service.catalog.convert import MovieParts, assembled, to_parts, viewer_part
from service.catalog.errors import MovieNotFound
from service.catalog.service import UNTOUCHED, Catalog, MovieDetail, MovieId, ViewerStates

FindViewerStates: TypeAlias = Callable[[UserId, Collection[MovieId]], Awaitable[ViewerStates]]
View: TypeAlias = movie_pb2.MovieView.ValueType


class MovieReplies:
    """The movies of every reply, whichever service gives it."""

    def __init__(
        self, *, catalog: Catalog, find_viewer_states: FindViewerStates, cache: Callable[..., ReplyCache]
    ) -> None:
        """`cache` makes the cache around what loads movies."""
        self._catalog = catalog
        self._find_viewer_states = find_viewer_states
        self.cache = cache(load=self._load_parts)

    async def get(self, movie_id: MovieId, *, view: View, caller: UserId | None) -> bytes:
        """Returns one movie as `load` does; raises MovieNotFound."""
        if caller is None:
            kept = self.cache.find(movie_id)
            if kept is not None:
                return assembled(cast("MovieParts", kept), view=view)
        movies = await self.load([movie_id], view=view, caller=caller)
        if movie_id not in movies:
            raise MovieNotFound(movie_id)
        return movies[movie_id]

    async def load(self, movie_ids: Collection[MovieId], *, view: View, caller: UserId | None) -> dict[MovieId, bytes]:
        """Returns those movies that exist, each a serialized Movie, with `viewer` unless the caller is anonymous.

        At most two queries, however many there are. The view is BASIC, or else all.
        """
        movies = cast("dict[MovieId, MovieParts]", await self.cache.get(movie_ids))
        if caller is None:
            return {movie_id: assembled(parts, view=view) for movie_id, parts in movies.items()}
        states = await self._find_viewer_states(caller, movies) if movies else {}
        return {
            movie_id: assembled(parts, view=view) + viewer_part(states.get(movie_id, UNTOUCHED))
            for movie_id, parts in movies.items()
        }

    async def of(self, detail: MovieDetail, *, caller: UserId) -> bytes:
        """Returns a movie that was just written, whole."""
        states = await self._find_viewer_states(caller, [detail.id])
        return assembled(to_parts(detail), view=movie_pb2.MOVIE_VIEW_FULL) + viewer_part(
            states.get(detail.id, UNTOUCHED)
        )

    async def _load_parts(self, movie_ids: Collection[int]) -> Mapping[int, Parts]:
        details = await self._catalog.get_movies(movie_ids)
        return {movie_id: to_parts(detail) for movie_id, detail in details.items()}
