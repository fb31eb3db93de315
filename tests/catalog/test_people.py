"""People: read by everyone, edited by staff."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type import date_pb2
from marquee.catalog.v1 import cast_pb2, movies_pb2, people_pb2, person_pb2

from tests.catalogue import add_cast, add_character, add_country, add_movie, add_person
from tests.client import Client, refused

Create = people_pb2.CreatePersonRequest
Update = people_pb2.UpdatePersonRequest
Delete = people_pb2.DeletePersonRequest
Get = people_pb2.GetPersonRequest
Person = person_pb2.Person
BORN = date_pb2.Date(year=1910, month=3, day=23)


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


async def created(staff: Client, **fields: Any) -> Person:
    answer: people_pb2.CreatePersonResponse = await staff.catalog.CreatePerson(
        Create(person=Person(**({"first_name": "Akira"} | fields)))
    )
    return answer.person


async def test_a_person_is_created_with_all_fields(client: Client, staff: Client, database: asyncpg.Connection) -> None:
    country_id = await add_country(database, "Japan", "JP")
    written: dict[str, Any] = {
        "first_name": "Akira",
        "last_name": "Kurosawa",
        "biography": "Directed.",
        "date_of_birth": BORN,
        "gender": person_pb2.GENDER_MALE,
        "country_id": country_id,
        "tmdb_id": 5026,
        "imdb_id": "nm0000041",
    }
    person = await created(staff, **written)
    assert {name: getattr(person, name) for name in written} == written
    assert (person.country.name, person.country.iso_3166_1) == ("Japan", "JP")
    assert not person.HasField("primary_photo")
    assert (await client.catalog.GetPerson(Get(id=person.id))).person == person


async def test_only_one_name_of_a_person_is_required(staff: Client) -> None:
    person = await created(staff, first_name="Cher")
    assert {field.name for field, _ in person.ListFields()} == {
        "id", "first_name", "etag", "create_time", "update_time",
    }  # fmt: skip


async def test_output_only_fields_are_ignored(staff: Client) -> None:
    person = await created(staff, id=999, etag="x", country={"id": 5}, primary_photo={"file_id": 5})
    assert person.id != 999
    assert not person.HasField("country")


async def test_a_change_writes_only_its_fields(staff: Client, database: asyncpg.Connection) -> None:
    person = await created(staff, last_name="Kurosawa", biography="Directed.", date_of_birth=BORN, tmdb_id=1)
    mask = FieldMask(paths=["biography", "date_of_birth", "gender"])
    changed = (
        await staff.catalog.UpdatePerson(
            Update(
                id=person.id,
                person=Person(first_name="Ignored", gender=person_pb2.GENDER_MALE, etag=person.etag),
                update_mask=mask,
            )
        )
    ).person
    assert (changed.first_name, changed.last_name, changed.tmdb_id) == ("Akira", "Kurosawa", 1)
    assert (changed.biography, changed.HasField("date_of_birth"), changed.gender) == ("", False, 2)
    assert changed.etag != person.etag
    detail = await database.fetchval("SELECT detail FROM audit_log WHERE action = 'persons.update'")
    assert detail == '{"fields": ["biography", "date_of_birth", "gender"]}'
    assert (await staff.catalog.UpdatePerson(Update(id=person.id, person=Person(id=7)))).person == changed


async def test_names_are_stored_in_nfc(staff: Client) -> None:
    person = await created(staff, first_name="E\u0301lodie", last_name="Bouchez\u0301")
    assert (person.first_name, person.last_name) == ("\u00c9lodie", "Bouche\u017a")


@pytest.mark.parametrize(
    ("fields", "broken"),
    [
        ({"first_name": ""}, {"person.first_name": "string.not_blank"}),
        ({"first_name": "\u2003 "}, {"person.first_name": "string.not_blank"}),
        ({"first_name": "x" * 151}, {"person.first_name": "string.max_len"}),
        ({"last_name": "a\nb"}, {"person.last_name": "string.pattern"}),
        ({"imdb_id": "tt0000041"}, {"person.imdb_id": "string.pattern"}),
        ({"tmdb_id": -1}, {"person.tmdb_id": "int32.gte"}),
        ({"gender": 9}, {"person.gender": "enum.defined_only"}),
        ({"date_of_birth": date_pb2.Date(year=1910)}, {"person.date_of_birth": "date.whole"}),
        ({"date_of_birth": date_pb2.Date(year=2001, month=2, day=29)}, {"person.date_of_birth": "date.whole"}),
        (
            {"first_name": " ", "date_of_birth": date_pb2.Date(year=9999, month=1, day=1)},
            {"person.first_name": "string.not_blank", "person.date_of_birth": "date.past"},
        ),
        ({"country_id": 77}, {"person.country_id": "country.exists"}),
    ],
)
async def test_all_invalid_fields_are_reported_at_once(
    staff: Client, fields: dict[str, Any], broken: dict[str, str]
) -> None:
    person = await created(staff)
    wanted = Person(**({"first_name": "Akira"} | fields))
    for call in (
        staff.catalog.CreatePerson(Create(person=wanted)),
        staff.catalog.UpdatePerson(Update(id=person.id, person=wanted, update_mask=FieldMask(paths=list(fields)))),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
        assert refusal.fields == broken


async def test_a_date_of_birth_must_be_in_the_past(staff: Client) -> None:
    today = datetime.now(UTC).date()
    for day, is_past in ((today - timedelta(days=1), True), (today + timedelta(days=1), False)):
        born = date_pb2.Date(year=day.year, month=day.month, day=day.day)
        request = Create(person=Person(first_name="Baby", date_of_birth=born))
        if is_past:
            assert (await staff.catalog.CreatePerson(request)).person.date_of_birth == born
        else:
            assert (await refused(staff.catalog.CreatePerson(request))).fields == {"person.date_of_birth": "date.past"}


@pytest.mark.parametrize(
    ("fields", "reason"), [({"tmdb_id": 1}, "TMDB_ID_TAKEN"), ({"imdb_id": "nm0000041"}, "IMDB_ID_TAKEN")]
)
async def test_duplicate_external_ids_are_refused(staff: Client, fields: dict[str, Any], reason: str) -> None:
    await created(staff, **fields)
    other = await created(staff)
    for call in (
        staff.catalog.CreatePerson(Create(person=Person(first_name="Other", **fields))),
        staff.catalog.UpdatePerson(Update(id=other.id, person=Person(**fields))),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, reason)


@pytest.mark.parametrize(
    "path",
    ["*", "id", "country", "country.name", "primary_photo", "primary_photo_id", "etag", "create_time", "row_version"],
)
async def test_a_mask_admits_only_fields_that_staff_write(staff: Client, path: str) -> None:
    person = await created(staff)
    refusal = await refused(
        staff.catalog.UpdatePerson(Update(id=person.id, person=person, update_mask=FieldMask(paths=[path])))
    )
    assert (refusal.code, refusal.fields) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        {"update_mask.paths[0]": "update_mask.allowed"},
    )


async def test_a_stale_etag_changes_nothing(client: Client, staff: Client) -> None:
    person = await created(staff)
    for call in (
        staff.catalog.UpdatePerson(Update(id=person.id, person=Person(first_name="x", etag="1-99"))),
        staff.catalog.DeletePerson(Delete(id=person.id, etag="1-99")),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_STALE")
    assert (await client.catalog.GetPerson(Get(id=person.id))).person == person


async def test_the_error_names_an_unknown_person(client: Client, staff: Client) -> None:
    for call in (
        client.catalog.GetPerson(Get(id=5)),
        client.catalog.ListPersonPhotos(people_pb2.ListPersonPhotosRequest(person_id=5)),
        client.catalog.ListPersonCredits(people_pb2.ListPersonCreditsRequest(person_id=5)),
        staff.catalog.UpdatePerson(Update(id=5, person=Person(first_name="x"))),
        staff.catalog.DeletePerson(Delete(id=5)),
        staff.catalog.SetPrimaryPhoto(people_pb2.SetPrimaryPhotoRequest(person_id=5, file_id=1)),
        staff.catalog.RemovePersonPhoto(people_pb2.RemovePersonPhotoRequest(person_id=5, file_id=1)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "PERSON_NOT_FOUND")
        assert refusal.details["ResourceInfo"].resource_name == "5"


async def test_movies_and_characters_of_a_deleted_person_stay(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    person_id = await add_person(database, "Akira")
    movie_id = await add_movie(database, director_id=person_id)
    cast_id = await add_cast(database, movie_id, await add_character(database), person_id)
    await staff.catalog.DeletePerson(Delete(id=person_id, validate_only=True))
    assert (await client.catalog.GetPerson(Get(id=person_id))).person.first_name == "Akira"
    await staff.catalog.DeletePerson(Delete(id=person_id))
    assert (await refused(client.catalog.GetPerson(Get(id=person_id)))).reason == "PERSON_NOT_FOUND"
    movie = (await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie
    assert not movie.HasField("director")
    cast = (await client.catalog.ListMovieCast(cast_pb2.ListMovieCastRequest(movie_id=movie_id))).cast
    assert [(one.id, one.HasField("actor")) for one in cast] == [(cast_id, False)]
    rows = await database.fetch("SELECT resource, detail FROM audit_log WHERE action = 'persons.delete'")
    assert [tuple(row) for row in rows] == [(f"persons/{person_id}", '{"name": "Akira"}')]


async def test_equal_appearances_after_a_deletion_are_merged(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    """Two appearances of a character in one movie become one if both lose their person."""
    movie_id, character_id = await add_movie(database), await add_character(database)
    people = [await add_person(database) for _ in range(2)]
    for person_id in (*people, None):
        await add_cast(database, movie_id, character_id, person_id)
    for person_id in people:
        await staff.catalog.DeletePerson(Delete(id=person_id))
    cast = (await client.catalog.ListMovieCast(cast_pb2.ListMovieCastRequest(movie_id=movie_id))).cast
    assert [one.HasField("actor") for one in cast] == [False]


async def test_actors_of_the_same_character_can_be_deleted_concurrently(
    staff: Client, database: asyncpg.Connection
) -> None:
    movie_id, character_id = await add_movie(database), await add_character(database)
    left = [await add_person(database) for _ in range(8)]
    for person_id in left:
        await add_cast(database, movie_id, character_id, person_id)
    while left:
        calls = (staff.catalog.DeletePerson(Delete(id=person_id)) for person_id in left)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert len(failures) < len(outcomes), "at least one was deleted"
        for failure in failures:
            assert isinstance(failure, grpc.aio.AioRpcError)
            assert failure.code() is grpc.StatusCode.ABORTED
        left = [row["id"] for row in await database.fetch("SELECT id FROM persons")]
    assert await database.fetchval("SELECT count(*) FROM movie_characters WHERE person_id IS NULL") == 1
