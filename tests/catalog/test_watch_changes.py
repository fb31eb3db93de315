"""WatchChanges: changes when they become visible, heartbeats, and the ends of a watch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import change_pb2, changes_pb2
from marquee.users.v1 import users_pb2

from service.api.pagination import PageTokens
from service.auth.principal import Principal, Role
from service.catalog.changes.service import ChangeFeed, ChangePage, Cursors, Entity
from service.catalog.changes.watching import MAX_READERS, MAX_WATCHES, PAGE_SIZE, ChangeWatches
from service.database import orm
from service.database.listener import Listener
from service.local.postgres import EmbeddedPostgres
from service.media.storage import S3UploadStorage
from service.settings import Pooler, Settings
from tests.catalogue import add_movie, add_person
from tests.client import Client, refused
from tests.outage import seconds_until, served
from tests.proxy import proxied
from tests.queries import QueryCount, wait_until_quiet

WATCHER = Principal("1", frozenset({Role.USER}))
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
PATIENCE = 10.0
PAGES = 600
MORE_THAN_A_CONNECTION_HOLDS = """
INSERT INTO catalog_changes (entity, entity_id, kind) SELECT 'movie', 1, 'updated' FROM generate_series(1, $1)
"""


class Watch:
    """A running WatchChanges call."""

    def __init__(self, client: Client, *, timeout: float = PATIENCE, **request: object) -> None:
        self.call = client.catalog.WatchChanges(
            changes_pb2.WatchChangesRequest(**request),  # type: ignore[arg-type] # fields by name
            timeout=timeout,
        )
        self.cursor = ""

    async def read(self) -> changes_pb2.WatchChangesResponse:
        """Returns the next message; fails if the stream ends."""
        message: Any = await asyncio.wait_for(self.call.read(), PATIENCE)
        assert message is not grpc.aio.EOF
        self.cursor = message.next_cursor
        answer: changes_pb2.WatchChangesResponse = message
        return answer

    async def begun(self) -> Watch:
        """Returns the watch after its first message."""
        assert not (await self.read()).changes
        return self

    async def ids(self, count: int) -> list[int]:
        """Returns the entities of the next `count` changes."""
        found: list[int] = []
        while len(found) < count:
            found += [change.entity_id for change in (await self.read()).changes]
        return found


@pytest.fixture
async def user(client: Client) -> Client:
    """A signed-in user."""
    return await client.registered()


@asynccontextmanager
async def watching(
    settings: Settings, *, heartbeat: float, entity: Entity | None = None
) -> AsyncIterator[AsyncIterator[ChangePage]]:
    """Gives a watch without a server."""
    feed = ChangeFeed(cursors=Cursors(PageTokens("p" * 32)))
    listener = Listener(settings)
    await listener.start()
    watches = ChangeWatches(feed=feed, listener=listener, heartbeat=heartbeat)
    async with (
        orm.connected(settings),
        aclosing(watches.watch_changes(caller=WATCHER, cursor="", entity=entity)) as pages,
    ):
        yield pages
    await listener.close()


async def test_changes_are_sent_as_they_are_committed(user: Client, database: asyncpg.Connection) -> None:
    await add_movie(database, "Before")
    watch = await Watch(user).begun()
    movie_id = await add_movie(database)
    assert await watch.ids(1) == [movie_id]
    await database.execute("DELETE FROM movies WHERE id = $1", movie_id)
    (change,) = (await watch.read()).changes
    assert (change.entity_id, change.kind) == (movie_id, change_pb2.CHANGE_KIND_DELETED)


async def test_watches_add_no_connection(client: Client, database: asyncpg.Connection) -> None:
    users = [await client.registered() for _ in range(5)]
    before = await database.fetchval(CONNECTIONS)
    many = [await Watch(user).begun() for user in users for _ in range(MAX_WATCHES)]
    movie_id = await add_movie(database)
    assert [await watch.ids(1) for watch in many] == [[movie_id]] * 5 * MAX_WATCHES
    # Two watches that read at the same time may have opened connections.
    assert await database.fetchval(CONNECTIONS) <= before + MAX_READERS
    for watch in many:
        watch.call.cancel()


async def test_a_watch_resumes_at_its_last_cursor(user: Client, database: asyncpg.Connection) -> None:
    watch = await Watch(user).begun()
    first = await add_movie(database)
    assert await watch.ids(1) == [first]
    watch.call.cancel()
    missed = [await add_movie(database) for _ in range(3)]
    again = Watch(user, cursor=watch.cursor)
    assert await again.ids(3) == missed
    last = await add_movie(database)
    assert await again.ids(1) == [last]


async def test_more_than_one_page_is_sent_completely(user: Client, database: asyncpg.Connection) -> None:
    watch = await Watch(user).begun()
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, 1200)")
    assert await watch.ids(1200) == [row["id"] for row in await database.fetch("SELECT id FROM movies ORDER BY id")]


async def test_changes_can_be_restricted_to_one_kind_of_entity(user: Client, database: asyncpg.Connection) -> None:
    watch = await Watch(user, entity_type=change_pb2.ENTITY_TYPE_PERSON).begun()
    await add_movie(database)
    person_id = await add_person(database)
    assert await watch.ids(1) == [person_id]


async def test_changes_delayed_by_a_slow_transaction_are_sent_when_it_ends(
    user: Client, database: asyncpg.Connection, database_url: str
) -> None:
    """No notification tells of the end of a transaction that changed nothing in the catalogue."""
    slow = await asyncpg.connect(database_url)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute("CREATE TEMPORARY TABLE other ()")
    watch = await Watch(user).begun()
    movie_id = await add_movie(database)
    assert not (await Client(user.channel, user.settings).catalog.ListChanges(changes_pb2.ListChangesRequest())).changes
    await transaction.commit()
    await slow.close()
    assert await watch.ids(1) == [movie_id]


async def test_behind_a_pooler_changes_are_sent_without_notifications(
    settings: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    settings = settings.model_copy(update={"database_pooler": Pooler.TRANSACTION})
    async with served(settings, storage) as here:
        watch = await Watch(await here.client.registered()).begun()
        movie_id = await add_movie(database)
        assert await watch.ids(1) == [movie_id]
        watch.call.cancel()


async def test_heartbeats_are_sent_while_there_are_no_changes(settings: Settings, database: asyncpg.Connection) -> None:
    async with watching(settings, heartbeat=0.05) as pages:
        silent = [await anext(pages) for _ in range(4)]
        assert [list(page.changes) for page in silent] == [[]] * 4
        movie_id = await add_movie(database)
        while not (page := await anext(pages)).changes:
            pass
        assert [change.entity_id for change in page.changes] == [movie_id]


async def test_changes_of_other_entities_do_not_delay_a_heartbeat(
    settings: Settings, database: asyncpg.Connection
) -> None:
    """For example, a watch of people while movies change all the time."""
    async with watching(settings, heartbeat=0.3, entity=Entity.PERSON) as pages:
        await anext(pages)
        beat = asyncio.ensure_future(anext(pages))
        for _ in range(100):
            if beat.done():
                break
            await add_movie(database)
            await asyncio.sleep(0.05)
        assert beat.done()
        assert not beat.result().changes


async def test_the_server_reads_nothing_for_a_client_that_does_not_read(
    settings: Settings, database: asyncpg.Connection
) -> None:
    async with watching(settings, heartbeat=60) as pages:
        await anext(pages)
        await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, 5000)")
        first = len((await anext(pages)).changes)
        # Rows that are deleted before the reader asks for them were not buffered.
        await database.execute("DELETE FROM catalog_changes WHERE id > (SELECT min(id) + 599 FROM catalog_changes)")
        assert (first, len((await anext(pages)).changes)) == (500, 100)


async def test_a_fifth_watch_of_one_caller_is_refused(client: Client, user: Client) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MAX_WATCHES):
            watch = await Watch(user).begun()
            stack.callback(watch.call.cancel)
        refusal = await refused(Watch(user).call.read())
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_WATCHES")
        assert refusal.details["QuotaFailure"].violations[0].subject == "watches"
        await Watch(await client.registered()).begun()
        watch.call.cancel()

        async def has_room() -> bool:
            again = Watch(user)
            try:
                await again.read()
            except grpc.aio.AioRpcError:
                return False
            stack.callback(again.call.cancel)
            return True

        await seconds_until(has_room)


async def test_anonymous_callers_and_services_without_the_scope_are_refused(client: Client) -> None:
    assert (await refused(Watch(client).call.read())).code is grpc.StatusCode.UNAUTHENTICATED
    assert (await refused(Watch(client.as_service()).call.read())).code is grpc.StatusCode.PERMISSION_DENIED
    await Watch(client.as_service("catalog.export")).begun()


async def test_an_invalid_cursor_is_refused(user: Client) -> None:
    refusal = await refused(Watch(user, cursor="forged").call.read())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "CURSOR_INVALID")


async def test_a_watch_ends_with_its_session(user: Client) -> None:
    watch = await Watch(user).begun()
    await user.users.Logout(users_pb2.LogoutRequest())
    refusal = await refused(asyncio.wait_for(watch.call.read(), PATIENCE))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")


async def test_a_draining_worker_ends_its_watches_and_does_not_wait_for_them(
    settings: Settings, storage: S3UploadStorage
) -> None:
    async with served(settings, storage) as here:
        watch = await Watch(await here.client.registered()).begun()
        started = time.monotonic()
        stopping = asyncio.create_task(here.server.stop(30.0))
        refusal = await refused(asyncio.wait_for(watch.call.read(), PATIENCE))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "WORKER_STOPPING")
        assert await stopping
        assert time.monotonic() - started < PATIENCE


async def test_a_draining_worker_does_not_wait_for_a_watch_without_a_reader(
    settings: Settings, storage: S3UploadStorage, database: asyncpg.Connection, queries: QueryCount
) -> None:
    async with served(settings, storage) as here:
        # The rows are inserted while the watch waits.
        watch = await Watch(await here.client.registered()).begun()
        with queries.counted() as counted:
            await database.execute(MORE_THAN_A_CONNECTION_HOLDS, PAGES * PAGE_SIZE)
            await database.execute("SELECT pg_notify('marquee_changes', '')")
            for _ in range(100):
                if counted.total:
                    break
                await asyncio.sleep(0.05)
            await wait_until_quiet(counted)
        assert 1 < counted.total < PAGES
        assert await asyncio.wait_for(here.server.stop(30.0), PATIENCE)
        watch.call.cancel()


async def test_a_lost_database_never_causes_a_gap_in_a_watch(
    postgres: EmbeddedPostgres, settings: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    async with proxied(postgres.socket_dir) as proxy, served(proxy.behind(settings), storage) as here:
        user = await here.client.registered()
        watch = await Watch(user).begun()
        await proxy.break_all()
        codes: set[grpc.StatusCode] = set()
        movie_id = await add_movie(database)
        found: list[int] = []
        while not found:
            try:
                found = await watch.ids(1)
            except grpc.aio.AioRpcError as error:
                codes.add(error.code())
                watch = resumed(user, watch)
        assert found == [movie_id]
        assert codes <= {grpc.StatusCode.UNAVAILABLE}
        watch.call.cancel()


def resumed(user: Client, watch: Watch) -> Watch:
    again = Watch(user, cursor=watch.cursor)
    again.cursor = watch.cursor
    return again
