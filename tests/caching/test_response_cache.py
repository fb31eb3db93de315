"""Response cache: stored entries, invalidation, and races between reads and writes."""

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


class Source:
    """Replaces the database: values by id, and loads that wait until the test allows them to return."""

    def __init__(self) -> None:
        self.values = {number: f"v{number}".encode() for number in range(1, 10)}
        self.loads: list[Collection[int]] = []
        self.read = asyncio.Event()
        """Set when a load has read its values and has not returned yet."""
        self.may_return = asyncio.Event()
        self.may_return.set()

    async def load(self, ids: Collection[int]) -> Mapping[int, Parts]:
        """Reads first and returns later, like a query."""
        self.loads.append(list(ids))
        found = {number: (self.values[number],) for number in ids if number in self.values}
        self.read.set()
        await self.may_return.wait()
        return found


class Unguarded(ResponseCache[Parts]):
    """A naive cache, whose invalidations do not reach running loads."""

    def invalidate(self, ids: Iterable[int]) -> None:
        """Removes entries, but does not mark running loads as outdated."""
        loads, self._loads = self._loads, set()
        super().invalidate(ids)
        self._loads = loads


@pytest.fixture(autouse=True)
async def _database(settings: Settings) -> AsyncIterator[None]:
    async with orm.connected(settings):
        yield


@pytest.fixture
def source() -> Source:
    return Source()


def cached(
    source: Source, *, max_bytes: int = 1 << 20, kind: type[ResponseCache[Parts]] = ResponseCache
) -> ResponseCache[Parts]:
    return kind(source.load, sizeof=size_of_parts, max_bytes=max_bytes, is_current=lambda: True)


async def test_a_cached_value_is_not_loaded_again(source: Source) -> None:
    cache = cached(source)
    assert await cache.get_many([1, 2]) == {1: (b"v1",), 2: (b"v2",)}
    assert await cache.get_many([2, 3]) == {2: (b"v2",), 3: (b"v3",)}
    assert source.loads == [[1, 2], [3]]
    assert cache.events == {"hits": 1, "misses": 3}


async def test_a_missing_value_is_not_cached(source: Source) -> None:
    cache = cached(source)
    assert await cache.get_many([77]) == {}
    source.values[77] = b"new"
    assert await cache.get_many([77]) == {77: (b"new",)}


async def test_the_least_recently_used_entry_is_evicted_at_the_size_limit(source: Source) -> None:
    room = 3 * (OVERHEAD + 2)
    cache = cached(source, max_bytes=room)
    await cache.get_many([1, 2, 3])
    await cache.get_many([1])
    await cache.get_many([4])
    assert cache.size_bytes == room
    assert cache.events["evictions"] == 1
    source.loads.clear()
    await cache.get_many([1, 3, 4])
    assert source.loads == []
    await cache.get_many([2])
    assert source.loads == [[2]]


@pytest.mark.parametrize("max_bytes", [0, OVERHEAD])
async def test_a_value_larger_than_the_cache_is_not_stored(source: Source, max_bytes: int) -> None:
    cache = cached(source, max_bytes=max_bytes)
    for _ in range(2):
        assert await cache.get_many([1]) == {1: (b"v1",)}
    assert len(source.loads) == 2
    assert cache.size_bytes == 0


async def test_the_size_is_exact_after_loads_and_invalidations(source: Source) -> None:
    cache = cached(source)
    await cache.get_many([1, 2, 3])
    source.values[2] = b"much longer than before"
    cache.invalidate([2, 8])
    await cache.get_many([2])
    assert cache.size_bytes == 3 * OVERHEAD + len(b"v1v3much longer than before")
    cache.clear()
    assert cache.size_bytes == 0
    assert cache.events["invalidations"] == 4


async def read_during_write(source: Source, cache: ResponseCache[Parts]) -> bytes:
    """Invalidates an entry during its load; returns the value of the next read."""
    source.may_return.clear()
    reader = asyncio.create_task(cache.get_many([1]))
    await source.read.wait()
    source.values[1] = b"new"
    cache.invalidate([1])
    source.may_return.set()
    assert await reader == {1: (b"v1",)}
    return (await cache.get_many([1]))[1][0]


async def test_a_value_that_is_invalidated_during_its_load_is_not_stored(source: Source) -> None:
    assert await read_during_write(source, cached(source)) == b"new"


async def test_without_the_check_an_outdated_value_would_be_stored(source: Source) -> None:
    """Proves that the previous test can fail."""
    assert await read_during_write(source, cached(source, kind=Unguarded)) == b"v1"


async def test_clearing_the_cache_during_a_load_stores_nothing(source: Source) -> None:
    cache = cached(source)
    source.may_return.clear()
    reader = asyncio.create_task(cache.get_many([1]))
    await source.read.wait()
    cache.clear()
    source.may_return.set()
    await reader
    assert cache.size_bytes == 0


async def test_the_next_read_after_a_cancelled_load_succeeds(source: Source) -> None:
    cache = cached(source)
    source.may_return.clear()
    reader = asyncio.create_task(cache.get_many([1]))
    await source.read.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    source.may_return.set()
    assert await cache.get_many([1]) == {1: (b"v1",)}


async def test_reads_in_a_transaction_bypass_the_cache(source: Source) -> None:
    cache = cached(source)
    await cache.get_many([1])
    source.values[1] = b"uncommitted"
    async with orm.transaction():
        assert await cache.get_many([1]) == {1: (b"uncommitted",)}
    source.values[1] = b"v1"
    assert await cache.get_many([1]) == {1: (b"v1",)}
    assert cache.events["bypasses"] == 1


class Titles:
    """A cache of movie titles like that of a worker, invalidated by a listener."""

    def __init__(self, database: asyncpg.Connection, listener: Listener) -> None:
        self._database = database
        self.cache = ResponseCache(self._load, sizeof=size_of_parts, max_bytes=1 << 20, is_current=listener.is_current)
        CacheInvalidation(listener, metrics=RecordedMetrics()).register("movie", self.cache, entities=("movie",))

    async def _load(self, ids: Collection[int]) -> Mapping[int, Parts]:
        rows = await self._database.fetch("SELECT id, title FROM movies WHERE id = ANY ($1)", list(ids))
        return {row["id"]: (row["title"].encode(),) for row in rows}

    async def title(self, movie_id: int) -> str:
        """Returns the title that a worker would return."""
        return (await self.cache.get_many([movie_id]))[movie_id][0].decode()


async def test_the_cache_is_bypassed_soon_after_the_connection_falls_silent(
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

            async def is_up_to_date() -> bool:
                return await titles.title(movie_id) == "After"

            await seconds_until(is_up_to_date)
            proxy.mode = "pass"

            async def caches_again() -> bool:
                before = titles.cache.events["hits"]
                await titles.title(movie_id)
                return titles.cache.events["hits"] > before

            await seconds_until(caches_again)
            assert await titles.title(movie_id) == "After"
        finally:
            await listener.close()
