"""Kept replies: what is kept, what is forgotten, and the race between a read and a write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping

import asyncpg
import pytest

from service.caching.invalidation import CacheInvalidation
from service.caching.response_cache import OVERHEAD, ResponseCache
from service.database import orm
from service.database.listener import Listener
from service.local.postgres import EmbeddedPostgres
from service.settings import Settings
from tests.catalogue import add_movie
from tests.interceptors.fakes import RecordedMetrics
from tests.outage import seconds_until
from tests.proxy import proxied

Parts = tuple[bytes, ...]


def size_of_parts(parts: Parts) -> int:
    """Returns the bytes of a value."""
    return sum(map(len, parts))


class Shelf:
    """Stands for the database: values by id, and loads that wait for as long as the test wants."""

    def __init__(self) -> None:
        self.values = {number: f"v{number}".encode() for number in range(1, 10)}
        self.loads: list[Collection[int]] = []
        self.read = asyncio.Event()
        """Set when a load has read and not yet answered."""
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def load(self, ids: Collection[int]) -> Mapping[int, Parts]:
        """Reads first and answers later, as a query does."""
        self.loads.append(list(ids))
        found = {number: (self.values[number],) for number in ids if number in self.values}
        self.read.set()
        await self.may_answer.wait()
        return found


class Unguarded(ResponseCache[Parts]):
    """The cache as one would write it first: loads under way hear of nothing."""

    def invalidate(self, ids: Iterable[int]) -> None:
        """Forgets what is kept, and nothing else."""
        loads, self._loads = self._loads, set()
        super().invalidate(ids)
        self._loads = loads


@pytest.fixture(autouse=True)
async def _database(settings: Settings) -> AsyncIterator[None]:
    async with orm.connected(settings):
        yield


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def cached(
    shelf: Shelf, *, max_bytes: int = 1 << 20, kind: type[ResponseCache[Parts]] = ResponseCache
) -> ResponseCache[Parts]:
    return kind(shelf.load, sizeof=size_of_parts, max_bytes=max_bytes, is_current=lambda: True)


async def test_what_was_loaded_is_not_loaded_again(shelf: Shelf) -> None:
    cache = cached(shelf)
    assert await cache.get_many([1, 2]) == {1: (b"v1",), 2: (b"v2",)}
    assert await cache.get_many([2, 3]) == {2: (b"v2",), 3: (b"v3",)}
    assert shelf.loads == [[1, 2], [3]]
    assert cache.events == {"hits": 1, "misses": 3}


async def test_what_does_not_exist_is_asked_for_again(shelf: Shelf) -> None:
    cache = cached(shelf)
    assert await cache.get_many([77]) == {}
    shelf.values[77] = b"new"
    assert await cache.get_many([77]) == {77: (b"new",)}


async def test_the_least_recently_used_make_room_within_the_bytes(shelf: Shelf) -> None:
    room = 3 * (OVERHEAD + 2)
    cache = cached(shelf, max_bytes=room)
    await cache.get_many([1, 2, 3])
    await cache.get_many([1])
    await cache.get_many([4])
    assert cache.size_bytes == room
    assert cache.events["evictions"] == 1
    shelf.loads.clear()
    await cache.get_many([1, 3, 4])
    assert shelf.loads == []
    await cache.get_many([2])
    assert shelf.loads == [[2]]


@pytest.mark.parametrize("max_bytes", [0, OVERHEAD])
async def test_what_has_no_room_is_not_kept(shelf: Shelf, max_bytes: int) -> None:
    cache = cached(shelf, max_bytes=max_bytes)
    for _ in range(2):
        assert await cache.get_many([1]) == {1: (b"v1",)}
    assert len(shelf.loads) == 2
    assert cache.size_bytes == 0


async def test_the_size_is_exact_whatever_happens(shelf: Shelf) -> None:
    cache = cached(shelf)
    await cache.get_many([1, 2, 3])
    shelf.values[2] = b"much longer than before"
    cache.invalidate([2, 8])
    await cache.get_many([2])
    assert cache.size_bytes == 3 * OVERHEAD + len(b"v1v3much longer than before")
    cache.clear()
    assert cache.size_bytes == 0
    assert cache.events["invalidations"] == 4


async def read_beside_write(shelf: Shelf, cache: ResponseCache[Parts]) -> bytes:
    """Reads while another writes, in the order that hurts; returns what is read after all is over."""
    shelf.may_answer.clear()
    reader = asyncio.create_task(cache.get_many([1]))
    await shelf.read.wait()
    shelf.values[1] = b"new"
    cache.invalidate([1])
    shelf.may_answer.set()
    assert await reader == {1: (b"v1",)}
    return (await cache.get_many([1]))[1][0]


async def test_a_read_that_a_write_overtook_is_not_kept(shelf: Shelf) -> None:
    assert await read_beside_write(shelf, cached(shelf)) == b"new"


async def test_without_the_guard_it_would_be_kept(shelf: Shelf) -> None:
    """That the test before can fail."""
    assert await read_beside_write(shelf, cached(shelf, kind=Unguarded)) == b"v1"


async def test_losing_the_news_while_loading_keeps_nothing(shelf: Shelf) -> None:
    cache = cached(shelf)
    shelf.may_answer.clear()
    reader = asyncio.create_task(cache.get_many([1]))
    await shelf.read.wait()
    cache.clear()
    shelf.may_answer.set()
    await reader
    assert cache.size_bytes == 0


async def test_a_failed_load_leaves_nothing_behind(shelf: Shelf) -> None:
    cache = cached(shelf)
    shelf.may_answer.clear()
    reader = asyncio.create_task(cache.get_many([1]))
    await shelf.read.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    shelf.may_answer.set()
    assert await cache.get_many([1]) == {1: (b"v1",)}


async def test_inside_of_a_transaction_the_cache_is_passed_by(shelf: Shelf) -> None:
    cache = cached(shelf)
    await cache.get_many([1])
    shelf.values[1] = b"uncommitted"
    async with orm.transaction():
        assert await cache.get_many([1]) == {1: (b"uncommitted",)}
    shelf.values[1] = b"v1"
    assert await cache.get_many([1]) == {1: (b"v1",)}
    assert cache.events["bypasses"] == 1


class Titles:
    """A cache of movie titles as a worker has it, behind a connection that may fail."""

    def __init__(self, database: asyncpg.Connection, listener: Listener) -> None:
        self._database = database
        self.cache = ResponseCache(self._load, sizeof=size_of_parts, max_bytes=1 << 20, is_current=listener.is_current)
        CacheInvalidation(listener, metrics=RecordedMetrics()).register("movie", self.cache, entities=("movie",))

    async def _load(self, ids: Collection[int]) -> Mapping[int, Parts]:
        rows = await self._database.fetch("SELECT id, title FROM movies WHERE id = ANY ($1)", list(ids))
        return {row["id"]: (row["title"].encode(),) for row in rows}

    async def title(self, movie_id: int) -> str:
        """Returns what the worker would say."""
        return (await self.cache.get_many([movie_id]))[movie_id][0].decode()


async def test_a_connection_that_falls_silent_is_not_believed_for_long(
    settings: Settings, database: asyncpg.Connection, postgres: EmbeddedPostgres
) -> None:
    movie_id = await add_movie(database, "Before")
    async with proxied(postgres.socket_dir) as proxy:
        listener = Listener(proxy.behind(settings))
        titles = Titles(database, listener)
        await listener.start()
        try:
            assert [await titles.title(movie_id) for _ in range(2)] == ["Before"] * 2
            assert titles.cache.events["hits"] == 1
            await proxy.fail("black hole")
            await database.execute("UPDATE movies SET title = 'After' WHERE id = $1", movie_id)

            async def tells_what_is() -> bool:
                return await titles.title(movie_id) == "After"

            await seconds_until(tells_what_is)
            proxy.mode = "pass"

            async def keeps_again() -> bool:
                before = titles.cache.events["hits"]
                await titles.title(movie_id)
                return titles.cache.events["hits"] > before

            await seconds_until(keeps_again)
            assert await titles.title(movie_id) == "After"
        finally:
            await listener.close()
