"""Replies with a page of a user's list, used again while the page and all of its movies stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from cachetools import LRUCache

from service.api.pagination import Page
from service.favorites.convert import Movies
from service.favorites.values import KeptMovie


class _Rendered(NamedTuple):
    page: Page[KeptMovie]
    movies: Movies
    reply: bytes


class RenderedPages:
    """Serialized replies; the least recently used ones make room."""

    def __init__(self, *, max_bytes: int) -> None:
        """`max_bytes` are kept, about; 0 keeps none."""
        # A reply, and its movies beside it.
        self._rendered: LRUCache[int, _Rendered] = LRUCache(max_bytes, getsizeof=lambda kept: 2 * len(kept.reply))

    def reply(self, page: Page[KeptMovie], movies: Movies, make: Callable[[], bytes]) -> bytes:
        """Returns the reply that `make` makes of a page and its movies, or made of the same ones before."""
        kept = self._rendered.get(id(page))
        if kept is not None and kept.page is page and kept.movies == movies:
            return kept.reply
        reply = make()
        with suppress(ValueError):  # Larger than all that may be kept.
            self._rendered[id(page)] = _Rendered(page, movies, reply)
        return reply
