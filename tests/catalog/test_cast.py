"""Casts of movies: read by everyone, edited by staff."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import cast_pb2, character_pb2, movies_pb2

from tests.catalogue import add_cast, add_character, add_movie, add_person
from tests.client import Client, refused
from tests.queries import QueryCount

Add = cast_pb2.AddCastRequest
Update = cast_pb2.UpdateCastRequest
Remove = cast_pb2.RemoveCastRequest
List = cast_pb2.ListMovieCastRequest
LEADING = character_pb2.CHARACTER_ROLE_LEADING
SUPPORTING = character_pb2.CHARACTER_ROLE_SUPPORTING


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


@pytest.fixture
async def movie_id(database: asyncpg.Connection) -> int:
    return await add_movie(database, "Ran")


@pytest.fixture
async def character_id(database: asyncpg.Connection) -> int:
    return await add_character(database, "Hidetora", role="supporting")


async def added(staff: Client, movie_id: int, character_id: int, **fields: Any) -> character_pb2.CharacterAppearance:
    answer: cast_pb2.AddCastResponse = await staff.catalog.AddCast(
        Add(movie_id=movie_id, character_id=character_id, **fields)
    )
    return answer.appearance


async def listed(client: Client, movie_id: int, size: int = 100) -> list[character_pb2.CharacterAppearance]:
    """Returns the cast of a movie, page by page."""
    cast: list[character_pb2.CharacterAppearance] = []
    token = ""
    while True:
        page = await client.catalog.ListMovieCast(List(movie_id=movie_id, page_size=size, page_token=token))
        cast += page.cast
        token = page.next_page_token
        if not token:
            return cast


async def test_an_appearance_can_be_added_updated_and_removed(
    client: Client, staff: Client, database: asyncpg.Connection, movie_id: int, character_id: int
) -> None:
    person_id = await add_person(database, "Tatsuya", last_name="Nakadai")
    movie = (await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie
    appearance = await added(staff, movie_id, character_id, person_id=person_id, billing_order=3)
    assert (appearance.movie_id, appearance.movie_title) == (movie_id, "Ran")
    assert (appearance.character_id, appearance.character_name) == (character_id, "Hidetora")
    assert (appearance.actor.id, appearance.actor.last_name, appearance.billing_order) == (person_id, "Nakadai", 3)
    assert await listed(client, movie_id) == [appearance]
    changed = (
        await staff.catalog.UpdateCast(Update(id=appearance.id, billing_order=1, etag=appearance.etag))
    ).appearance
    assert (changed.billing_order, changed.actor) == (1, appearance.actor)
    assert changed.etag != appearance.etag
    await staff.catalog.RemoveCast(Remove(id=appearance.id, etag=changed.etag))
    assert await listed(client, movie_id) == []
    rows = await database.fetch("SELECT action, resource, actor_user_id FROM audit_log ORDER BY id")
    assert [tuple(row) for row in rows if row["action"].startswith("cast.")] == [
        (f"cast.{act}", f"cast/{appearance.id}", staff.user_id) for act in ("add", "update", "remove")
    ]
    assert (await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie == movie, "same version"
    for call in (
        staff.catalog.UpdateCast(Update(id=appearance.id, billing_order=2)),
        staff.catalog.RemoveCast(Remove(id=appearance.id)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "CAST_NOT_FOUND")


async def test_the_role_of_an_appearance_overrides_that_of_the_character(
    staff: Client, movie_id: int, character_id: int
) -> None:
    appearance = await added(staff, movie_id, character_id)
    assert appearance.role == SUPPORTING
    leading = (await staff.catalog.UpdateCast(Update(id=appearance.id, role=LEADING))).appearance
    assert leading.role == LEADING
    mask = FieldMask(paths=["role"])
    assert (await staff.catalog.UpdateCast(Update(id=appearance.id, update_mask=mask))).appearance.role == SUPPORTING


async def test_a_mask_can_clear_the_actor(
    staff: Client, database: asyncpg.Connection, movie_id: int, character_id: int
) -> None:
    appearance = await added(staff, movie_id, character_id, person_id=await add_person(database), billing_order=2)
    changed = (
        await staff.catalog.UpdateCast(Update(id=appearance.id, update_mask=FieldMask(paths=["person_id"])))
    ).appearance
    assert (changed.HasField("actor"), changed.billing_order) == (False, 2)
    assert (await staff.catalog.UpdateCast(Update(id=appearance.id))).appearance == changed


async def test_pages_are_ordered_by_billing_order_and_id(
    client: Client, database: asyncpg.Connection, movie_id: int
) -> None:
    orders = (2, 0, 1, 0, 2, 7, 0)
    cast = [
        (billing, await add_cast(database, movie_id, await add_character(database), billing_order=billing))
        for billing in orders
    ]
    await add_cast(database, await add_movie(database), 1)
    for size in (1, 2, 3, len(cast)):
        assert [(one.billing_order, one.id) for one in await listed(client, movie_id, size)] == sorted(cast)


async def test_a_character_is_in_a_movie_once_for_each_person(
    staff: Client, database: asyncpg.Connection, movie_id: int, character_id: int
) -> None:
    people = [await add_person(database) for _ in range(2)]
    by_person = [await added(staff, movie_id, character_id, person_id=person_id) for person_id in (*people, 0)]
    for person_id in (*people, 0):
        refusal = await refused(
            staff.catalog.AddCast(Add(movie_id=movie_id, character_id=character_id, person_id=person_id))
        )
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "CAST_TAKEN")
    refusal = await refused(staff.catalog.UpdateCast(Update(id=by_person[0].id, person_id=people[1])))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "CAST_TAKEN")


async def test_one_of_fifty_concurrent_identical_additions_succeeds(
    client: Client, staff: Client, movie_id: int, character_id: int
) -> None:
    request = Add(movie_id=movie_id, character_id=character_id)
    outcomes = await asyncio.gather(*(staff.catalog.AddCast(request) for _ in range(50)), return_exceptions=True)
    codes = [one.code() for one in outcomes if isinstance(one, grpc.aio.AioRpcError)]
    assert codes == [grpc.StatusCode.ALREADY_EXISTS] * 49
    assert len(await listed(client, movie_id)) == 1


async def test_errors_name_missing_references(staff: Client, client: Client, movie_id: int, character_id: int) -> None:
    for call in (
        staff.catalog.AddCast(Add(movie_id=99, character_id=character_id)),
        client.catalog.ListMovieCast(List(movie_id=99)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")
    appearance = await added(staff, movie_id, character_id)
    for call, broken in (
        (staff.catalog.AddCast(Add(movie_id=movie_id, character_id=99)), {"character_id": "character.exists"}),
        (
            staff.catalog.AddCast(Add(movie_id=movie_id, character_id=character_id, person_id=99)),
            {"person_id": "person.exists"},
        ),
        (staff.catalog.UpdateCast(Update(id=appearance.id, person_id=99)), {"person_id": "person.exists"}),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, broken)


@pytest.mark.parametrize("path", ["*", "id", "movie_id", "character_id", "etag", "validate_only", "update_mask"])
async def test_a_mask_admits_only_fields_that_staff_write(
    staff: Client, movie_id: int, character_id: int, path: str
) -> None:
    appearance = await added(staff, movie_id, character_id)
    refusal = await refused(staff.catalog.UpdateCast(Update(id=appearance.id, update_mask=FieldMask(paths=[path]))))
    assert refusal.fields == {"update_mask.paths[0]": "update_mask.allowed"}


async def test_a_stale_etag_changes_nothing(client: Client, staff: Client, movie_id: int, character_id: int) -> None:
    appearance = await added(staff, movie_id, character_id)
    for call in (
        staff.catalog.UpdateCast(Update(id=appearance.id, billing_order=9, etag="1-99")),
        staff.catalog.RemoveCast(Remove(id=appearance.id, etag="1-99")),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_STALE")
    assert await listed(client, movie_id) == [appearance]


async def test_dry_runs_store_nothing_and_repeated_requests_add_once(
    client: Client, staff: Client, movie_id: int, character_id: int
) -> None:
    await added(staff, movie_id, character_id, validate_only=True)
    assert await listed(client, movie_id) == []
    request_id = str(uuid4())
    first = await added(staff, movie_id, character_id, request_id=request_id)
    assert await added(staff, movie_id, character_id, request_id=request_id) == first
    await staff.catalog.UpdateCast(Update(id=first.id, billing_order=5, validate_only=True))
    assert await listed(client, movie_id) == [first]


async def test_a_page_token_is_valid_only_for_its_movie(
    client: Client, database: asyncpg.Connection, movie_id: int
) -> None:
    for _ in range(2):
        await add_cast(database, movie_id, await add_character(database))
    token = (await client.catalog.ListMovieCast(List(movie_id=movie_id, page_size=1))).next_page_token
    other = await add_movie(database)
    refusal = await refused(client.catalog.ListMovieCast(List(movie_id=other, page_token=token)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_a_page_takes_two_queries_for_any_size(
    client: Client, database: asyncpg.Connection, queries: QueryCount, movie_id: int
) -> None:
    for _ in range(5):
        await add_cast(database, movie_id, await add_character(database), await add_person(database))
    await listed(client, movie_id)  # connects
    for size in (1, 5):
        with queries.counted() as counted:
            await client.catalog.ListMovieCast(List(movie_id=movie_id, page_size=size))
        assert counted.total == 2
