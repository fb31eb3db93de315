"""ExportMovies: all movies of one snapshot, at the pace of the reader."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import changes_pb2, movies_pb2

from service.catalog.changes.exporting import BATCH_SIZE, MAX_EXPORTS
from service.local.postgres import EmbeddedPostgres
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.catalogue import add_genre, add_movie, add_person
from tests.client import Client, refused
from tests.conftest import SettingsFactory
from tests.outage import seconds_until, served
from tests.proxy import proxied
from tests.queries import QueryCount, wait_until_quiet

MANY = 2500
LARGE = """
INSERT INTO movies (title, description)
SELECT 'Number ' || n, (SELECT string_agg(md5(n::text || part), '') FROM generate_series(1, 300) AS part)
FROM generate_series(1, $1) AS n
"""
SNAPSHOTS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL
"""
PATIENCE = 10.0
Message = changes_pb2.ExportMoviesResponse


def export(client: Client, *, after_id: int = 0) -> Any:
    """Starts an export."""
    return client.catalog.ExportMovies(changes_pb2.ExportMoviesRequest(after_id=after_id))


async def read(call: Any) -> Message:
    """Returns the next message; fails if there is none."""
    message = await asyncio.wait_for(call.read(), PATIENCE)
    assert message is not grpc.aio.EOF
    answer: Message = message
    return answer


async def rest_of(call: Any) -> list[Message]:
    """Returns the remaining messages."""
    messages = []
    while (message := await asyncio.wait_for(call.read(), PATIENCE)) is not grpc.aio.EOF:
        messages.append(message)
    return messages


async def ids_of(call: Any) -> list[int]:
    """Returns the ids of the remaining movies."""
    return [movie.id for message in await rest_of(call) for movie in message.movies]


@pytest.fixture
def exporter(client: Client) -> Client:
    """A service with the scope for exports."""
    return client.as_service("catalog.export")


async def test_full_movies_are_exported_in_the_order_of_their_ids(
    exporter: Client, database: asyncpg.Connection
) -> None:
    director_id = await add_person(database, "Agnes")
    for number in range(3):
        await add_movie(database, f"Number {number}", director_id=director_id, tagline="Well.")
    ids = [row["id"] for row in await database.fetch("SELECT id FROM movies ORDER BY id")]
    await add_genre(database, "Drama", *ids)
    (message,) = await rest_of(export(exporter))
    one_by_one = [(await exporter.catalog.GetMovie(movies_pb2.GetMovieRequest(id=each))).movie for each in ids]
    assert list(message.movies) == one_by_one
    assert message.movies[0].director.first_name == "Agnes"


async def test_an_export_of_an_empty_catalogue_has_a_cursor(exporter: Client, database: asyncpg.Connection) -> None:
    (message,) = await rest_of(export(exporter))
    assert not message.movies
    movie_id = await add_movie(database)
    assert await changed_since(exporter, message.cursor) == [movie_id]


@pytest.mark.parametrize("count", [BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1, 3 * BATCH_SIZE])
async def test_every_movie_is_exported_once(exporter: Client, database: asyncpg.Connection, count: int) -> None:
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, $1)", count)
    assert await ids_of(export(exporter)) == list(range(1, count + 1))
    assert await ids_of(export(exporter, after_id=count - 2)) == [count - 1, count]
    assert await ids_of(export(exporter, after_id=2**31 - 1)) == []


async def changed_since(client: Client, cursor: str) -> list[int]:
    answer = await client.catalog.ListChanges(changes_pb2.ListChangesRequest(cursor=cursor))
    return [change.entity_id for change in answer.changes]


async def test_changes_during_an_export_are_only_found_after_its_cursor(
    exporter: Client, database: asyncpg.Connection
) -> None:
    await database.execute(LARGE, MANY)
    call = export(exporter)
    first = await read(call)
    await database.execute("UPDATE movies SET title = 'Changed' WHERE id = $1", MANY)
    await database.execute("DELETE FROM movies WHERE id = $1", MANY - 1)
    new_id = await add_movie(database)
    rest = [movie for message in await rest_of(call) for movie in message.movies]
    assert [movie.id for movie in [*first.movies, *rest]] == list(range(1, MANY + 1))
    assert rest[-1].title == f"Number {MANY}"
    assert await changed_since(exporter, first.cursor) == [MANY, MANY - 1, new_id]


async def test_transactions_that_run_at_the_snapshot_are_found_after_its_cursor(
    exporter: Client, database: asyncpg.Connection, database_url: str
) -> None:
    """No change that commits during the export is lost, even if the reader receives it twice."""
    slow = await asyncpg.connect(database_url)
    transaction = slow.transaction()
    await transaction.start()
    slow_id = await add_movie(slow)
    quick_id = await add_movie(database)
    (message,) = await rest_of(export(exporter))
    await transaction.commit()
    await slow.close()
    assert [movie.id for movie in message.movies] == [quick_id]
    assert slow_id in await changed_since(exporter, message.cursor)


async def test_the_server_does_not_read_far_ahead_of_the_client(
    exporter: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    await database.execute(LARGE, MANY)
    with queries.counted() as all_of_it:
        assert len(await ids_of(export(exporter))) == MANY
    with queries.counted() as begun:
        call = export(exporter)
        await read(call)
        await wait_until_quiet(begun)
        assert begun.total < all_of_it.total / 2
        call.cancel()


async def test_messages_stay_within_the_limit_of_clients(exporter: Client, database: asyncpg.Connection) -> None:
    await database.execute(
        "INSERT INTO movies (title, description) SELECT 'x', repeat(chr(128512), 10000) FROM generate_series(1, 150)"
    )
    messages = await rest_of(export(exporter))
    assert sum(len(message.movies) for message in messages) == 150
    assert max(message.ByteSize() for message in messages) < 1.1 * 2**20
    assert len({message.cursor for message in messages}) == 1


async def test_exports_take_no_connection_from_others(
    make_settings: SettingsFactory, database_url: str, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    await database.execute(LARGE, MANY)
    settings = make_settings(database_url=database_url, database_pool_size=1, database_acquire_timeout=0.5)
    async with served(settings, storage) as here:
        exporter = here.client.as_service("catalog.export")
        calls = [export(exporter) for _ in range(MAX_EXPORTS)]
        for call in calls:
            await read(call)
        await here.client.catalog.ListMovies(movies_pb2.ListMoviesRequest())
        for call in calls:
            call.cancel()


async def test_exports_beyond_the_limit_are_refused_until_one_ends(
    exporter: Client, database: asyncpg.Connection
) -> None:
    await database.execute(LARGE, MANY)
    calls = [export(exporter) for _ in range(MAX_EXPORTS)]
    for call in calls:
        await read(call)
    refusal = await refused(export(exporter).read())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_EXPORTS")
    assert refusal.details["QuotaFailure"].violations[0].subject == "exports"
    for call in calls:
        call.cancel()

    async def none_is_left() -> bool:
        return bool(await database.fetchval(SNAPSHOTS) == 0)

    await seconds_until(none_is_left)
    assert len(await ids_of(export(exporter, after_id=MANY - 10))) == 10


async def test_the_snapshot_stays_valid_while_the_client_pauses(
    make_settings: SettingsFactory, database_url: str, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    """Longer than the idle timeout of other transactions."""
    await database.execute(LARGE, MANY)
    settings = make_settings(database_url=database_url, deadline=0.5)
    async with served(settings, storage) as here:
        call = export(here.client.as_service("catalog.export"))
        first = await read(call)
        await asyncio.sleep(1.5)
        assert len(first.movies) + len(await ids_of(call)) == MANY


async def test_the_duration_of_an_export_is_limited(
    make_settings: SettingsFactory, database_url: str, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    await database.execute(LARGE, MANY)
    async with served(make_settings(database_url=database_url, stream_deadline=0.5), storage) as here:
        call = export(here.client.as_service("catalog.export"))
        await read(call)

        async def none_is_left() -> bool:
            return bool(await database.fetchval(SNAPSHOTS) == 0)

        await seconds_until(none_is_left)
        call.cancel()


async def test_an_export_ends_with_unavailable_if_the_database_stops(
    postgres: EmbeddedPostgres, settings: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    await database.execute(LARGE, MANY)
    async with proxied(postgres.socket_dir) as proxy, served(proxy.behind(settings), storage) as here:
        exporter = here.client.as_service("catalog.export")
        call = export(exporter)
        await read(call)
        await proxy.break_all()
        assert (await refused(ids_of(call))).code is grpc.StatusCode.UNAVAILABLE


async def test_only_staff_can_export(client: Client) -> None:
    user = await client.registered()
    assert (await refused(export(client).read())).code is grpc.StatusCode.UNAUTHENTICATED
    assert (await refused(export(user).read())).code is grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(export(client.as_service()).read())).code is grpc.StatusCode.PERMISSION_DENIED
    assert await ids_of(export(await client.promoted(user))) == []
