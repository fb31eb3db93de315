"""ExportAccount: all data of any size, in order, and only for the owner."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.users.v1 import export_pb2, users_pb2
from structlog.testing import capture_logs

from service.media.storage import S3UploadStorage
from service.users.privacy import BATCH
from tests.client import Client, refusal_of
from tests.conftest import SettingsFactory
from tests.media.uploads import register, uploaded
from tests.outage import seconds_until, served
from tests.queries import QueryCount

REQUEST = users_pb2.ExportAccountRequest()
MANY = 2 * BATCH + 1


async def exported(client: Client) -> list[export_pb2.ExportedRecord]:
    return [answer.record async for answer in client.users.ExportAccount(REQUEST)]


async def add_movies(database: asyncpg.Connection, number: int) -> None:
    await database.execute("INSERT INTO movies (title) SELECT 'Number ' || n FROM generate_series(1, $1) AS n", number)


async def add_ratings(database: asyncpg.Connection, user_id: int, review: str = "") -> None:
    """Rates every movie, the newest first, so that the order of ratings differs from the order of ids and titles."""
    await database.execute(
        "INSERT INTO movie_ratings (user_id, movie_id, rating, review)"
        " SELECT $1, id, 1 + id % 5, $2 FROM movies ORDER BY id DESC",
        user_id,
        review,
    )


async def add_events(database: asyncpg.Connection, user_id: int, number: int) -> None:
    """Writes events. The user is the actor of more than a batch of them, and then in turn subject, actor, or both."""
    await database.execute(
        "INSERT INTO audit_log (actor_user_id, action, resource, outcome)"
        " SELECT CASE WHEN n <= $3 OR n % 3 <> 0 THEN $1::int END, 'test.' || n,"
        " CASE WHEN n > $3 AND n % 3 <> 1 THEN 'users/' || $1::int ELSE 'x' END, 'ok'"
        " FROM generate_series(1, $2) AS n",
        user_id,
        number,
        BATCH + 100,
    )


async def test_the_account_comes_first_then_the_profile_then_each_kind_of_record(
    client: Client, database: asyncpg.Connection
) -> None:
    user = await client.registered("ada")
    await user.users.UpdateProfile(users_pb2.UpdateProfileRequest(bio="counts", first_name="Ada"))
    await uploaded(user)
    await add_movies(database, 2)
    for table in ("favorite_movies", "watchlist_items", "dismissed_recommendations"):
        insert = f"INSERT INTO {table} (user_id, movie_id) SELECT $1, id FROM movies ORDER BY id"  # noqa: S608 - the tests' own names
        await database.execute(insert, user.user_id)
    await add_ratings(database, user.user_id, "good")
    records = await exported(user)
    assert [kind for kind, _ in groupby(records, lambda record: record.WhichOneof("record"))] == [
        "user",
        "profile",
        "session",
        "file",
        "favorite",
        "watchlist_item",
        "rating",
        "dismissed_recommendation",
        "audit_event",
    ]
    account = records[0].user
    assert (account.id, account.username, account.email) == (user.user_id, "ada", "ada@example.org")
    assert (account.first_name, records[1].profile.bio) == ("Ada", "counts")
    titles = [record.favorite.title for record in records if record.HasField("favorite")]
    assert titles == ["Number 1", "Number 2"], "the oldest first"
    ratings = [record.rating for record in records if record.HasField("rating")]
    assert [(rating.title, rating.review) for rating in ratings] == [("Number 2", "good"), ("Number 1", "good")]
    actions = [record.audit_event.action for record in records if record.HasField("audit_event")]
    assert actions == ["users.register", "users.update_profile", "users.export"]


async def test_an_image_is_exported_with_its_url(client: Client) -> None:
    user = await client.registered()
    file = await uploaded(user)
    await client.as_service("media.register").media.RegisterFile(register(file.key))
    (record,) = [record for record in await exported(user) if record.HasField("file")]
    assert (record.file.id, record.file.file_name) == (file.id, "picture.jpg")
    assert record.file.url.startswith("http://media.test/")


async def test_ended_sessions_are_exported(client: Client) -> None:
    user = await client.registered()
    again = await client.login(user, device="a telephone")
    await again.users.Logout(users_pb2.LogoutRequest())
    labels = [record.session.label for record in await exported(user) if record.HasField("session")]
    assert labels[1:] == ["a telephone"]


async def test_more_than_one_batch_is_exported_completely_and_in_order(
    client: Client, database: asyncpg.Connection
) -> None:
    user, other = await client.registered(), await client.registered()
    await add_movies(database, MANY)
    await add_ratings(database, user.user_id)
    await add_ratings(database, other.user_id)
    await add_events(database, user.user_id, MANY)
    await database.execute(
        "INSERT INTO sessions (id, user_id, label, peer_hash, token_sha256, expires_at, created_at)"
        " SELECT gen_random_uuid(), $1, n::text, $2, $2, now(), to_timestamp(n / 2) FROM generate_series(1, $3) AS n",
        user.user_id,
        bytes(32),
        MANY,
    )
    records = await exported(user)
    rated = [record.rating.movie_id for record in records if record.HasField("rating")]
    assert rated == sorted(rated, reverse=True)
    assert len(set(rated)) == MANY
    events = [record.audit_event.action for record in records if record.HasField("audit_event")]
    assert events[1 : MANY + 1] == [f"test.{number}" for number in range(1, MANY + 1)]
    sessions = [record.session for record in records if record.HasField("session")]
    assert [session.create_time.seconds for session in sessions] == sorted(s.create_time.seconds for s in sessions)
    assert len({session.id for session in sessions}) == MANY + 1


async def test_a_slow_reader_occupies_neither_a_connection_nor_memory(
    make_settings: SettingsFactory,
    database_url: str,
    storage: S3UploadStorage,
    database: asyncpg.Connection,
    queries: QueryCount,
) -> None:
    batches = 10
    settings = make_settings(database_url=database_url, database_pool_size=1)
    # The client's transport buffers only 64 KB, far less than it would by default.
    options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 1 << 16)]
    async with served(settings, storage) as system, grpc.aio.insecure_channel(system.address, options) as channel:
        user = await Client(channel, settings).registered()
        await add_movies(database, batches * BATCH)
        await add_ratings(database, user.user_id, "x" * 1000)
        with queries.counted() as counted:
            stream = user.users.ExportAccount(REQUEST)
            assert (await stream.read()).record.user.id == user.user_id
            # The server has this long to read ahead.
            await asyncio.sleep(0.5)
            assert (await user.users.GetProfile(users_pb2.GetProfileRequest())).user.id == user.user_id
            assert sum("movie_ratings" in statement for statement in counted.sent) < batches / 2
            stream.cancel()


async def test_a_cancelled_export_is_no_server_fault(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    await add_movies(database, 20 * BATCH)
    await add_ratings(database, user.user_id, "x" * 1000)

    async def has_ended() -> bool:
        return any(event["event"] == "rpc.finished" for event in logged)

    with capture_logs() as logged:
        stream = user.users.ExportAccount(REQUEST)
        await stream.read()
        await asyncio.sleep(0.5)
        stream.cancel()
        await seconds_until(has_ended)
    assert [(event["event"], event.get("code")) for event in logged] == [("rpc.finished", "CANCELLED")]


@pytest.mark.parametrize(
    ("caller", "code"), [("nobody", grpc.StatusCode.UNAUTHENTICATED), ("service", grpc.StatusCode.PERMISSION_DENIED)]
)
async def test_only_users_can_export(client: Client, caller: str, code: grpc.StatusCode) -> None:
    stub: Any = client.as_service("media.register") if caller == "service" else client
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await exported(stub)
    assert refusal_of(refused.value).code is code
