"""ListChanges: in order and without gaps, from any stored cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import change_pb2, changes_pb2

from service.api.pagination import PageTokens
from service.catalog.changes.service import NOW, READ, Cursors, Position
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.catalogue import add_movie, add_person
from tests.client import Client, refused
from tests.conftest import SettingsFactory
from tests.outage import seconds_until, served
from tests.queries import QueryCount

MOVIE, PERSON = change_pb2.ENTITY_TYPE_MOVIE, change_pb2.ENTITY_TYPE_PERSON
CREATED, UPDATED, DELETED = (
    change_pb2.CHANGE_KIND_CREATED,
    change_pb2.CHANGE_KIND_UPDATED,
    change_pb2.CHANGE_KIND_DELETED,
)
NAIVE = "SELECT id, entity_id FROM catalog_changes WHERE id > $1 ORDER BY id"


async def listed(client: Client, **request: object) -> changes_pb2.ListChangesResponse:
    """Returns one response of ListChanges."""
    answer: changes_pb2.ListChangesResponse = await client.catalog.ListChanges(
        changes_pb2.ListChangesRequest(**request)  # type: ignore[arg-type] # fields by name
    )
    return answer


def changes_of(answer: changes_pb2.ListChangesResponse) -> list[tuple[int, int, int]]:
    """Returns the changes of a response, without times."""
    return [(change.entity_type, change.entity_id, change.kind) for change in answer.changes]


@asynccontextmanager
async def another(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Gives another connection for writes."""
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_changes_come_in_order_and_the_cursor_continues(client: Client, database: asyncpg.Connection) -> None:
    movie_id, person_id = await add_movie(database), await add_person(database)
    first = await listed(client)
    assert changes_of(first) == [(MOVIE, movie_id, CREATED), (PERSON, person_id, CREATED)]
    assert not first.has_more
    await database.execute("UPDATE movies SET title = 'Other'")
    await database.execute("DELETE FROM movies")
    second = await listed(client, cursor=first.next_cursor)
    assert changes_of(second) == [(MOVIE, movie_id, UPDATED), (MOVIE, movie_id, DELETED)]
    third = await listed(client, cursor=second.next_cursor)
    assert (changes_of(third), third.has_more, bool(third.next_cursor)) == ([], False, True)
    assert abs(first.changes[0].create_time.ToDatetime(UTC) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_an_empty_feed_has_a_cursor_too(client: Client, database: asyncpg.Connection) -> None:
    empty = await listed(client)
    assert (changes_of(empty), empty.has_more) == ([], False)
    movie_id = await add_movie(database)
    assert changes_of(await listed(client, cursor=empty.next_cursor)) == [(MOVIE, movie_id, CREATED)]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_pages_of_any_size_contain_the_same_changes(
    client: Client, database: asyncpg.Connection, size: int
) -> None:
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, 5)")
    await add_person(database)
    await database.execute("UPDATE movies SET title = 'y' WHERE id % 2 = 0")
    whole = changes_of(await listed(client))
    answer = await listed(client, page_size=size)
    paged = changes_of(answer)
    while answer.has_more:
        answer = await listed(client, cursor=answer.next_cursor, page_size=size)
        assert 0 < len(answer.changes) <= size
        paged += changes_of(answer)
    assert paged == whole


async def test_changes_can_be_restricted_to_one_kind_of_entity(client: Client, database: asyncpg.Connection) -> None:
    movies = [await add_movie(database) for _ in range(3)]
    person_id = await add_person(database)
    assert changes_of(await listed(client, entity_type=PERSON)) == [(PERSON, person_id, CREATED)]
    page = await listed(client, entity_type=MOVIE, page_size=2)
    rest = await listed(client, entity_type=MOVIE, page_size=2, cursor=page.next_cursor)
    assert [change.entity_id for change in [*page.changes, *rest.changes]] == movies
    assert (page.has_more, rest.has_more) == (True, False)


async def test_the_anomaly_that_the_feed_is_safe_from(
    client: Client, database: asyncpg.Connection, database_url: str
) -> None:
    """A reader that stores the greatest id it saw misses a smaller id that a slower transaction commits later."""
    start = await listed(client)
    async with another(database_url) as slow:
        transaction = slow.transaction()
        await transaction.start()
        late_id = await add_movie(slow)
        early_id = await add_movie(database)

        naive = await database.fetch(NAIVE, 0)
        ours = await listed(client, cursor=start.next_cursor)
        await transaction.commit()
    assert [row["entity_id"] for row in naive] == [early_id]
    assert [row["entity_id"] for row in await database.fetch(NAIVE, naive[-1]["id"])] == []
    assert changes_of(ours) == []
    rest = changes_of(await listed(client, cursor=ours.next_cursor))
    assert rest == [(MOVIE, late_id, CREATED), (MOVIE, early_id, CREATED)]


async def test_changes_before_a_slow_transaction_are_returned_at_once(
    client: Client, database: asyncpg.Connection, database_url: str
) -> None:
    before = await add_movie(database)
    async with another(database_url) as slow:
        transaction = slow.transaction()
        await transaction.start()
        late = await add_movie(slow)
        after = await add_movie(database)
        seen = await listed(client)
        assert changes_of(seen) == [(MOVIE, before, CREATED)]
        await transaction.rollback()
    assert changes_of(await listed(client, cursor=seen.next_cursor)) == [(MOVIE, after, CREATED)]
    assert late < after


async def test_a_page_of_any_size_is_one_query(client: Client, queries: QueryCount) -> None:
    await listed(client)
    with queries.counted() as one:
        await listed(client, page_size=1)
    with queries.counted() as many:
        await listed(client, page_size=1000)
    assert one.total == many.total == 1


@pytest.mark.parametrize("cursor", ["x", "AAAA", "0" * 150, "é"])
async def test_an_invalid_cursor_is_refused(client: Client, cursor: str) -> None:
    refusal = await refused(listed(client, cursor=cursor))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "CURSOR_INVALID")
    assert refusal.fields == {"cursor": "cursor.signed"}


async def test_a_changed_or_foreign_cursor_is_refused(client: Client, database: asyncpg.Connection) -> None:
    await add_movie(database)
    cursor = (await listed(client)).next_cursor
    other_key = Cursors(PageTokens("q" * 32)).make(Position(1, 1, datetime.now(UTC)))
    page_token = PageTokens("p" * 32).make([1, 1, 1], binding=("ListMovies", ""))
    for strange in (cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1], other_key, page_token):
        assert (await refused(listed(client, cursor=strange))).reason == "CURSOR_INVALID"


async def test_a_negative_size_is_refused(client: Client) -> None:
    assert (await refused(listed(client, page_size=-1))).code is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_cursor_is_valid_as_long_as_changes_are_stored(client: Client, database: asyncpg.Connection) -> None:
    for days in (31, 29, 28):
        await add_movie(database)
        age = timedelta(days=days)
        await database.execute(
            "UPDATE catalog_changes SET created_at = now() - $1::interval"
            " WHERE id = (SELECT max(id) FROM catalog_changes)",
            age,
        )
    expired = await listed(client, page_size=1)
    refusal = await refused(listed(client, cursor=expired.next_cursor))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CURSOR_EXPIRED")
    good = await listed(client, page_size=2)
    assert len((await listed(client, cursor=good.next_cursor)).changes) == 1


async def test_a_cursor_from_before_a_restore_is_refused(client: Client, settings: Settings) -> None:
    """A restored database continues with lower transaction ids, so new changes would come before the cursor."""
    cursors = Cursors(PageTokens(settings.page_token_key.get_secret_value()))
    ahead = cursors.make(Position(2**40, 0, datetime.now(UTC)))
    assert (await refused(listed(client, cursor=ahead))).reason == "CURSOR_EXPIRED"


async def test_old_changes_are_deleted_after_their_cursors_expire(
    make_settings: SettingsFactory, database_url: str, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    movies = [await add_movie(database) for _ in range(3)]
    for movie_id, hours in zip(movies, (32 * 24, 30 * 24 + 23, 0), strict=True):
        age = timedelta(hours=hours)
        await database.execute(
            "UPDATE catalog_changes SET created_at = now() - $1::interval WHERE entity_id = $2", age, movie_id
        )
    async with served(make_settings(database_url=database_url, housekeeping_interval=0.02), storage):

        async def is_clear() -> bool:
            rows = await database.fetch("SELECT entity_id FROM catalog_changes ORDER BY id")
            return [row["entity_id"] for row in rows] == movies[1:]

        await seconds_until(is_clear)


@pytest.mark.parametrize(
    ("condition", "index"),
    [("", "ix_catalog_changes_xid"), ("AND entity = 'person'", "ix_catalog_changes_entity")],
)
async def test_a_page_is_read_by_an_index(database: asyncpg.Connection, condition: str, index: str) -> None:
    await database.execute("INSERT INTO movies (title) SELECT 'x' FROM generate_series(1, 20000)")
    await add_person(database)
    await database.execute("ANALYZE catalog_changes")
    statement = READ.format(now=NOW, entity=condition)
    plan = await database.fetch(f"EXPLAIN {statement}", "3", 10, 101)
    lines = "\n".join(row[0] for row in plan)
    assert index in lines
    assert "Seq Scan" not in lines
