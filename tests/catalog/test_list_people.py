"""ListPersons and BatchGetPersons."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import people_pb2, person_pb2

from tests.catalogue import add_country, add_person
from tests.client import Client, refused
from tests.queries import QueryCount

List = people_pb2.ListPersonsRequest
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
# Ties in every key, so that the id decides some places in each order.
ROWS = [
    ("Akira", "Kurosawa", date(1910, 3, 23), 3),
    ("Kiyoshi", "Kurosawa", None, 2),
    ("Cher", "", date(1946, 5, 20), 2),
    ("Akira", "Kurosawa", date(1910, 3, 23), 1),
    ("Kiyoshi", "Kurosawa", None, 2),
    ("\u00c9lodie", "Bouchez", date(1973, 4, 5), 0),
]
SQL_ORDERS = {
    "": "last_name, first_name, id",
    "name": "last_name, first_name, id",
    "name desc": "last_name DESC, first_name DESC, id DESC",
    "date_of_birth": "date_of_birth NULLS LAST, id",
    "date_of_birth desc": "date_of_birth DESC NULLS LAST, id DESC",
    "create_time": "created_at, id",
    "create_time desc": "created_at DESC, id DESC",
    "update_time": "updated_at, id",
    "update_time desc": "updated_at DESC, id DESC",
    "id": "id",
    "id desc": "id DESC",
}


@pytest.fixture
async def people(database: asyncpg.Connection) -> list[int]:
    return [
        await add_person(
            database,
            first,
            last_name=last,
            date_of_birth=born,
            created_at=EPOCH + timedelta(microseconds=micros),
            updated_at=EPOCH + timedelta(microseconds=9 - micros),
        )
        for first, last, born, micros in ROWS
    ]


async def in_pages(client: Client, size: int, **wanted: Any) -> list[person_pb2.Person]:
    """Returns all people of a list, page by page; fails if a page before the last one is not full."""
    persons: list[person_pb2.Person] = []
    token = ""
    while True:
        page = await client.catalog.ListPersons(List(page_size=size, page_token=token, **wanted))
        persons += page.persons
        token = page.next_page_token
        if not token:
            return persons
        assert len(page.persons) == size


@pytest.mark.parametrize("order_by", SQL_ORDERS)
async def test_pages_of_any_size_make_up_the_whole_order(
    client: Client, people: list[int], database: asyncpg.Connection, order_by: str
) -> None:
    rows = await database.fetch(f"SELECT id FROM persons ORDER BY {SQL_ORDERS[order_by]}")  # noqa: S608 - ours
    for size in (1, 2, 4, len(people)):
        assert [p.id for p in await in_pages(client, size, order_by=order_by)] == [row["id"] for row in rows]


async def test_filters_apply_together_and_across_pages(client: Client, database: asyncpg.Connection) -> None:
    japan, france = await add_country(database, "Japan"), await add_country(database, "France")
    wanted = [await add_person(database, country_id=japan, gender="female") for _ in range(3)]
    await add_person(database, country_id=japan, gender="male")
    await add_person(database, country_id=france, gender="female")
    female = person_pb2.GENDER_FEMALE
    assert [p.id for p in await in_pages(client, 2, country_id=japan, gender=female, order_by="id")] == wanted
    assert len(await in_pages(client, 2, country_id=japan)) == 4
    assert len(await in_pages(client, 2, gender=female)) == 4
    assert len(await in_pages(client, 2, has_photo=False)) == 5
    assert await in_pages(client, 2, has_photo=True) == []
    assert await in_pages(client, 2, country_id=9999) == []


async def test_a_page_token_is_valid_only_for_its_order_and_filter(
    client: Client, database: asyncpg.Connection
) -> None:
    for _ in range(2):
        await add_person(database)
    token = (await client.catalog.ListPersons(List(page_size=1, order_by="id"))).next_page_token
    for other in (
        List(page_token=token),
        List(page_token=token, order_by="id desc"),
        List(page_token=token, order_by="id", country_id=1),
        List(page_token=token, order_by="id", gender=person_pb2.GENDER_MALE),
        List(page_token=token, order_by="id", has_photo=False),
        List(page_token="x" + token, order_by="id"),
    ):
        refusal = await refused(client.catalog.ListPersons(other))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


@pytest.mark.parametrize("order_by", ["Name", "first_name", "name, id", "name desc desc", "-name", "id; DROP TABLE x"])
async def test_an_order_outside_the_published_keys_is_refused(client: Client, order_by: str) -> None:
    refusal = await refused(client.catalog.ListPersons(List(order_by=order_by)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ORDER_BY_INVALID")


async def test_a_batch_names_missing_people(client: Client, people: list[int]) -> None:
    ids = [people[3], 9999, people[0], 2**31 - 1]
    answer = await client.catalog.BatchGetPersons(people_pb2.BatchGetPersonsRequest(ids=ids))
    assert [person.id for person in answer.persons] == [people[3], people[0]]
    assert list(answer.missing_ids) == [9999, 2**31 - 1]


@pytest.mark.parametrize("ids", [[], [1, 1], [0], list(range(1, 102))])
async def test_an_invalid_list_of_ids_is_refused(client: Client, ids: list[int]) -> None:
    refusal = await refused(client.catalog.BatchGetPersons(people_pb2.BatchGetPersonsRequest(ids=ids)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")


async def test_a_page_takes_the_same_queries_for_any_size(
    client: Client, people: list[int], queries: QueryCount
) -> None:
    await client.catalog.ListPersons(List())  # connects
    counts = []
    for size in (1, len(people)):
        with queries.counted() as counted:
            await client.catalog.ListPersons(List(page_size=size))
        counts.append(counted.total)
    assert counts[0] == counts[1] <= 4
