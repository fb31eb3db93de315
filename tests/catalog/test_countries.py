"""Countries: read by everyone, edited by staff."""

from __future__ import annotations

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import movies_pb2, people_pb2, reference_pb2, references_pb2

from tests.catalogue import add_country, add_movie, add_person
from tests.client import Client, refused
from tests.queries import QueryCount

Create = references_pb2.CreateCountryRequest
Update = references_pb2.UpdateCountryRequest
Delete = references_pb2.DeleteCountryRequest
Get = references_pb2.GetCountryRequest
List = references_pb2.ListCountriesRequest
Country = reference_pb2.Country


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


async def created(staff: Client, name: str = "Japan", code: str = "JP") -> Country:
    answer: references_pb2.CreateCountryResponse = await staff.catalog.CreateCountry(
        Create(country=Country(name=name, iso_3166_1=code))
    )
    return answer.country


async def test_a_country_can_be_created_updated_read_and_deleted(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    country = await created(staff)
    assert (country.name, country.iso_3166_1) == ("Japan", "JP")
    assert (await client.catalog.GetCountry(Get(id=country.id))).country == country
    answer = await staff.catalog.UpdateCountry(
        Update(id=country.id, country=Country(etag=country.etag), update_mask=FieldMask(paths=["iso_3166_1"]))
    )
    assert (answer.country.name, answer.country.iso_3166_1) == ("Japan", "")
    assert answer.country.etag != country.etag
    await staff.catalog.DeleteCountry(Delete(id=country.id, etag=answer.country.etag))
    rows = await database.fetch("SELECT action, resource, actor_user_id FROM audit_log ORDER BY id")
    assert [tuple(row) for row in rows if row["action"].startswith("countries.")] == [
        (f"countries.{act}", f"countries/{country.id}", staff.user_id) for act in ("create", "update", "delete")
    ]
    for call in (
        client.catalog.GetCountry(Get(id=country.id)),
        staff.catalog.UpdateCountry(Update(id=country.id, country=Country(name="x"))),
        staff.catalog.DeleteCountry(Delete(id=country.id)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "COUNTRY_NOT_FOUND")


async def test_several_countries_have_no_code(staff: Client) -> None:
    assert [(await created(staff, name, "")).iso_3166_1 for name in ("Gondor", "Rohan")] == ["", ""]


@pytest.mark.parametrize(
    ("name", "code", "broken"),
    [
        ("", "JP", {"country.name": "string.not_blank"}),
        ("Japan", "jp", {"country.iso_3166_1": "string.pattern"}),
        ("Japan", "JPN", {"country.iso_3166_1": "string.pattern"}),
        ("a\tb", "J", {"country.name": "string.pattern", "country.iso_3166_1": "string.pattern"}),
    ],
)
async def test_an_invalid_country_is_refused(staff: Client, name: str, code: str, broken: dict[str, str]) -> None:
    refusal = await refused(staff.catalog.CreateCountry(Create(country=Country(name=name, iso_3166_1=code))))
    assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, broken)


@pytest.mark.parametrize(
    ("name", "code", "reason"), [("Japan", "XX", "COUNTRY_NAME_TAKEN"), ("Nippon", "JP", "COUNTRY_CODE_TAKEN")]
)
async def test_a_duplicate_name_or_code_is_refused(staff: Client, name: str, code: str, reason: str) -> None:
    await created(staff)
    other = await created(staff, "France", "FR")
    wanted = Country(name=name, iso_3166_1=code)
    for call in (
        staff.catalog.CreateCountry(Create(country=wanted)),
        staff.catalog.UpdateCountry(Update(id=other.id, country=wanted)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, reason)


async def test_each_page_of_countries_needs_one_query(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    for name in ("Japan", "France", "\u00c5land"):
        await add_country(database, name)
    wanted = [row["name"] for row in await database.fetch("SELECT name FROM countries ORDER BY name")]
    whole = await client.catalog.ListCountries(List())
    with queries.counted() as counted:
        first = await client.catalog.ListCountries(List(page_size=2))
        second = await client.catalog.ListCountries(List(page_size=2, page_token=first.next_page_token))
    assert counted.total == 2
    assert [country.name for country in whole.countries] == wanted
    assert [*first.countries, *second.countries] == list(whole.countries)
    assert not second.next_page_token


@pytest.mark.parametrize("add", [add_movie, add_person])
async def test_a_country_in_use_cannot_be_deleted(staff: Client, database: asyncpg.Connection, add: object) -> None:
    country_id = await add_country(database, "Japan")
    await add(database, country_id=country_id)  # type: ignore[operator] # one of the two above
    refusal = await refused(staff.catalog.DeleteCountry(Delete(id=country_id)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "COUNTRY_IN_USE")
    violation = refusal.details["PreconditionFailure"].violations[0]
    assert (violation.type, violation.subject) == ("COUNTRY_IN_USE", str(country_id))
    assert await database.fetchval("SELECT count(*) FROM countries") == 1


async def test_a_new_name_is_visible_in_movies_and_people(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    country_id = await add_country(database, "Nippon", "JP")
    movie_id = await add_movie(database, country_id=country_id)
    person_id = await add_person(database, country_id=country_id)
    await staff.catalog.UpdateCountry(Update(id=country_id, country=Country(name="Japan")))
    movie = (await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie
    person = (await client.catalog.GetPerson(people_pb2.GetPersonRequest(id=person_id))).person
    assert movie.country == person.country
    assert (person.country.name, person.country.iso_3166_1) == ("Japan", "JP")


@pytest.mark.parametrize("path", ["*", "id", "etag", "update_time"])
async def test_a_mask_admits_only_fields_that_staff_write(staff: Client, path: str) -> None:
    country = await created(staff)
    refusal = await refused(
        staff.catalog.UpdateCountry(Update(id=country.id, update_mask=FieldMask(paths=[path]), country=country))
    )
    assert refusal.fields == {"update_mask.paths[0]": "update_mask.allowed"}


async def test_a_stale_etag_changes_nothing(client: Client, staff: Client) -> None:
    country = await created(staff)
    for call in (
        staff.catalog.UpdateCountry(Update(id=country.id, country=Country(name="x", etag="1-99"))),
        staff.catalog.DeleteCountry(Delete(id=country.id, etag="1-99")),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_STALE")
    assert (await client.catalog.GetCountry(Get(id=country.id))).country == country
