"""SearchPersons: names with errors, in any order, incomplete; highlights; pages."""

from __future__ import annotations

from datetime import date

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import person_pb2, search_pb2

from tests.catalogue import add_movie, add_person
from tests.client import Client, refused
from tests.queries import QueryCount

Search = search_pb2.SearchPersonsRequest


@pytest.fixture
async def people(database: asyncpg.Connection) -> dict[str, int]:
    """Some people by name; the second Chris Evans is a director."""
    names = ["Penélope Cruz", "Renée Zellweger", "Chris Evans", "Keanu Reeves", "Bong Joon-ho", "Cher", "李 連杰"]
    ids = {}
    for name in names:
        first, _, last = name.partition(" ")
        ids[name] = await add_person(database, first, last_name=last)
    ids["another Chris Evans"] = await add_person(database, "Chris", last_name="Evans")
    await add_movie(database, director_id=ids["another Chris Evans"])
    return ids


async def found(client: Client, query: str) -> list[int]:
    return [result.person.id for result in (await client.catalog.SearchPersons(Search(query=query))).results]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("Penélope Cruz", "Penélope Cruz"),
        ("penelope cruz", "Penélope Cruz"),
        ("cruz penelope", "Penélope Cruz"),
        ("penel", "Penélope Cruz"),
        ("zellweger", "Renée Zellweger"),
        ("rene zelweger", "Renée Zellweger"),
        ("kaenu reves", "Keanu Reeves"),
        ("bong joon ho", "Bong Joon-ho"),
        ("joon", "Bong Joon-ho"),
        ("cher", "Cher"),
        ("李", "李 連杰"),
        ("chris evans", "another Chris Evans"),
    ],
)
async def test_the_intended_person_comes_first(client: Client, people: dict[str, int], query: str, name: str) -> None:
    assert (await found(client, query))[:1] == [people[name]]


async def test_a_result_is_the_person_with_their_name_marked(client: Client, database: asyncpg.Connection) -> None:
    country_id = await database.fetchval("INSERT INTO countries (name, iso_3166_1) VALUES ('Spain', 'ES') RETURNING id")
    columns = {"last_name": "Cruz", "gender": "female", "date_of_birth": date(1974, 4, 28), "country_id": country_id}
    person_id = await add_person(database, "Penélope", **columns)
    (result,) = (await client.catalog.SearchPersons(Search(query="cru penelope"))).results
    assert (result.person.id, result.person.gender) == (person_id, person_pb2.GENDER_FEMALE)
    assert (result.person.country.name, result.person.date_of_birth.year) == ("Spain", 1974)
    assert result.person.etag
    assert result.highlight == search_pb2.Highlight(
        text="Penélope Cruz", spans=[search_pb2.Span(start=0, length=8), search_pb2.Span(start=9, length=3)]
    )
    assert 0 < result.score <= 1


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("query", ["%", "'", "\\", "!!!", " ", "xylophone quartz"])
async def test_a_query_without_similar_names_finds_nothing(client: Client, query: str) -> None:
    assert await found(client, query) == []


@pytest.mark.parametrize("query", ["anna", "anan"])
async def test_pages_neither_miss_nor_repeat_a_result(client: Client, database: asyncpg.Connection, query: str) -> None:
    await database.execute(
        "INSERT INTO persons (first_name, last_name) SELECT 'Anna', chr(97 + n) FROM generate_series(0, 24) n"
    )
    expected = [
        result.person.id for result in (await client.catalog.SearchPersons(Search(query=query, page_size=100))).results
    ]
    assert len(expected) == 25
    seen: list[int] = []
    token = ""
    while True:
        page = await client.catalog.SearchPersons(Search(query=query, page_size=4, page_token=token))
        seen += [result.person.id for result in page.results]
        scores = [result.score for result in page.results]
        assert scores == sorted(scores, reverse=True)
        token = page.next_page_token
        if not token:
            break
    assert seen == expected


async def test_a_token_of_another_search_is_refused(client: Client, database: asyncpg.Connection) -> None:
    for name in ("Anna", "Anne"):
        await add_person(database, name)
    token = (await client.catalog.SearchPersons(Search(query="ann", page_size=1))).next_page_token
    foreign = (
        client.catalog.SearchPersons(Search(query="an", page_token=token)),
        client.catalog.SearchMovies(search_pb2.SearchMoviesRequest(query="ann", page_token=token)),
    )
    for call in foreign:
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_a_page_takes_the_same_queries_for_any_size(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    await database.execute("INSERT INTO persons (first_name) SELECT 'Anna' FROM generate_series(1, 40)")
    await found(client, "anna")
    counts = set()
    for size in (1, 10, 40):
        with queries.counted() as counted:
            await client.catalog.SearchPersons(Search(query="anna", page_size=size))
        counts.add(counted.total)
    assert len(counts) == 1
