"""Deadlines of the client and of the server end every call and release its resources."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movies_pb2
from marquee.favorites.v1 import favorites_pb2

from service.settings import Settings
from tests.catalogue import add_movie
from tests.client import Client, refused
from tests.conftest import SettingsFactory
from tests.interceptors.fakes import serving

DEADLINE = grpc.StatusCode.DEADLINE_EXCEEDED


class Sleeper:
    """A handler that sleeps and records its clean-up."""

    def __init__(self) -> None:
        self.cleaned = asyncio.Event()
        self.remaining: float | None = None

    async def __call__(self, _request: object, context: Any) -> movies_pb2.GetMovieResponse:
        self.remaining = context.time_remaining()
        try:
            await asyncio.sleep(30)
        finally:
            self.cleaned.set()
        return movies_pb2.GetMovieResponse()


@asynccontextmanager
async def locked(database_url: str, statement: str) -> AsyncIterator[None]:
    """Holds the locks of a statement during the block."""
    connection = await asyncpg.connect(database_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(statement)
    try:
        yield
    finally:
        await transaction.rollback()
        await connection.close()


async def test_the_deadline_of_the_server_applies_without_a_client_deadline(make_settings: SettingsFactory) -> None:
    sleeper = Sleeper()
    async with serving(make_settings(deadline=0.2), sleeper) as served:
        started = time.monotonic()
        refusal = await refused(served.call(timeout=None))
        assert time.monotonic() - started < 2
        assert (refusal.code, refusal.reason) == (DEADLINE, "CALL_TIMED_OUT")
        assert sleeper.remaining is None
        assert sleeper.cleaned.is_set()
        assert (served.metrics.active, served.metrics.codes) == (0, ["DEADLINE_EXCEEDED"])


async def test_a_longer_client_deadline_changes_nothing(make_settings: SettingsFactory) -> None:
    async with serving(make_settings(deadline=0.2), Sleeper()) as served:
        assert (await refused(served.call(timeout=20))).reason == "CALL_TIMED_OUT"


async def test_a_shorter_client_deadline_ends_the_handler(make_settings: SettingsFactory) -> None:
    sleeper = Sleeper()
    async with serving(make_settings(deadline=20), sleeper) as served:
        started = time.monotonic()
        assert (await refused(served.call(timeout=0.2))).code is DEADLINE
        await asyncio.wait_for(sleeper.cleaned.wait(), 2)
        assert time.monotonic() - started < 2
        await served.chain.wait_until_idle()
        assert served.metrics.active == 0


async def test_a_timeout_inside_the_handler_is_not_a_call_timeout(make_settings: SettingsFactory) -> None:
    async def handler(_request: object, _context: object) -> movies_pb2.GetMovieResponse:
        raise TimeoutError

    async with serving(make_settings(), handler) as served:
        refusal = await refused(served.call())
        assert refusal.reason != "CALL_TIMED_OUT"
        assert refusal.code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL}


class TestAgainstTheDatabase:
    """Deadlines of a call whose statement waits for a lock."""

    @pytest.fixture
    def settings(self, make_settings: SettingsFactory, database_url: str) -> Settings:
        return make_settings(
            database_url=database_url,
            database_pool_size=1,
            deadline=0.8,
            database_lock_timeout=5,
            database_statement_timeout=5,
        )

    async def test_a_waiting_statement_ends_and_its_connection_stays_usable(
        self, client: Client, database: asyncpg.Connection, database_url: str
    ) -> None:
        movie_id = await add_movie(database)
        user = await client.registered()
        add = favorites_pb2.AddFavoriteRequest(movie_id=movie_id)
        async with locked(database_url, "LOCK TABLE favorite_movies IN EXCLUSIVE MODE"):
            for _ in range(2):
                started = time.monotonic()
                refusal = await refused(user.favorites.AddFavorite(add))
                assert (refusal.code, refusal.reason) == (DEADLINE, "CALL_TIMED_OUT")
                assert time.monotonic() - started < 0.8 + 1
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        assert await database.fetchval(waiting) == 0
        assert (await user.favorites.AddFavorite(add)).favorite.movie.id == movie_id
        assert await database.fetchval("SELECT count(*) FROM favorite_movies") == 1


class TestTimeoutsOfTheDatabase:
    """Timeouts of PostgreSQL, each with its own reason."""

    @pytest.fixture
    def settings(self, make_settings: SettingsFactory, database_url: str) -> Settings:
        return make_settings(
            database_url=database_url,
            database_pool_size=1,
            database_lock_timeout=0.2,
            database_statement_timeout=0.5,
            database_acquire_timeout=0.2,
        )

    async def test_a_lock_timeout(self, client: Client, database: asyncpg.Connection, database_url: str) -> None:
        user = await client.registered()
        add = favorites_pb2.AddFavoriteRequest(movie_id=await add_movie(database))
        async with locked(database_url, "LOCK TABLE favorite_movies IN EXCLUSIVE MODE"):
            refusal = await refused(user.favorites.AddFavorite(add))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "LOCK_TIMED_OUT")
        assert refusal.details["RetryInfo"].retry_delay.ToMilliseconds() > 0

    async def test_a_statement_timeout(self, client: Client, database: asyncpg.Connection) -> None:
        user = await client.registered()
        await database.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_sleep(5); RETURN NEW; END $$;"
            "CREATE TRIGGER slow BEFORE INSERT ON favorite_movies FOR EACH ROW EXECUTE FUNCTION slow()"
        )
        add = favorites_pb2.AddFavoriteRequest(movie_id=await add_movie(database))
        refusal = await refused(user.favorites.AddFavorite(add))
        assert (refusal.code, refusal.reason) == (DEADLINE, "STATEMENT_TIMED_OUT")
        assert "pg_sleep" not in refusal.message

    async def test_a_pool_without_a_free_connection(self, client: Client, database: asyncpg.Connection) -> None:
        movie_id = await add_movie(database)
        user = await client.registered()
        await database.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_sleep(0.45); RETURN NEW; END $$;"
            "CREATE TRIGGER slow BEFORE INSERT ON favorite_movies FOR EACH ROW EXECUTE FUNCTION slow()"
        )
        add = favorites_pb2.AddFavoriteRequest(movie_id=movie_id)
        holding = asyncio.ensure_future(user.favorites.AddFavorite(add))
        await asyncio.sleep(0.1)
        refusal = await refused(client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id)))
        assert refusal.code is grpc.StatusCode.UNAVAILABLE
        assert (await holding).favorite.movie.id == movie_id
