"""Characters: read by everyone, edited by staff, independent of the movies they appear in."""

from __future__ import annotations

from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import cast_pb2, character_pb2

from tests.catalogue import add_cast, add_character, add_movie, add_person
from tests.client import Client, refused
from tests.queries import QueryCount

Create = cast_pb2.CreateCharacterRequest
Update = cast_pb2.UpdateCharacterRequest
Delete = cast_pb2.DeleteCharacterRequest
Get = cast_pb2.GetCharacterRequest
List = cast_pb2.ListCharactersRequest
Appearances = cast_pb2.ListCharacterAppearancesRequest
Character = character_pb2.Character
LEADING = character_pb2.CHARACTER_ROLE_LEADING
BACKGROUND = character_pb2.CHARACTER_ROLE_BACKGROUND


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


async def created(staff: Client, **fields: Any) -> Character:
    answer: cast_pb2.CreateCharacterResponse = await staff.catalog.CreateCharacter(
        Create(character=Character(**({"name": "Kikuchiyo"} | fields)))
    )
    assert not answer.HasField("appearance")
    return answer.character


async def in_pages(client: Client, size: int, text: str = "") -> list[Character]:
    """Returns all characters of a list, page by page."""
    characters: list[Character] = []
    token = ""
    while True:
        page = await client.catalog.ListCharacters(List(page_size=size, page_token=token, text=text))
        characters += page.characters
        token = page.next_page_token
        if not token:
            return characters


async def test_a_character_can_be_created_updated_read_and_deleted(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    character = await created(staff, description="Swordsman.", role=LEADING)
    assert (character.name, character.description, character.role) == ("Kikuchiyo", "Swordsman.", LEADING)
    assert (await client.catalog.GetCharacter(Get(id=character.id))).character == character
    changed = (
        await staff.catalog.UpdateCharacter(
            Update(
                id=character.id,
                character=Character(name="Ignored", etag=character.etag),
                update_mask=FieldMask(paths=["role", "description"]),
            )
        )
    ).character
    assert (changed.name, changed.description, changed.role) == ("Kikuchiyo", "", 0)
    assert changed.etag != character.etag
    await staff.catalog.DeleteCharacter(Delete(id=character.id, validate_only=True))
    await staff.catalog.DeleteCharacter(Delete(id=character.id, etag=changed.etag))
    rows = await database.fetch("SELECT action, resource, actor_user_id FROM audit_log ORDER BY id")
    assert [tuple(row) for row in rows if row["action"].startswith("characters.")] == [
        (f"characters.{act}", f"characters/{character.id}", staff.user_id) for act in ("create", "update", "delete")
    ]
    for call in (
        client.catalog.GetCharacter(Get(id=character.id)),
        client.catalog.ListCharacterAppearances(Appearances(character_id=character.id)),
        staff.catalog.UpdateCharacter(Update(id=character.id, character=Character(name="x"))),
        staff.catalog.DeleteCharacter(Delete(id=character.id)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "CHARACTER_NOT_FOUND")


async def test_a_character_is_created_with_its_first_appearance(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    movie_id, person_id = await add_movie(database, "Ran"), await add_person(database, "Tatsuya", last_name="Nakadai")
    answer = await staff.catalog.CreateCharacter(
        Create(
            character=Character(name="Hidetora", role=LEADING),
            movie_id=movie_id,
            person_id=person_id,
            billing_order=2,
        )
    )
    appearance = answer.appearance
    assert (appearance.movie_title, appearance.character_name, appearance.role) == ("Ran", "Hidetora", LEADING)
    assert (appearance.actor.last_name, appearance.billing_order) == ("Nakadai", 2)
    listed = await client.catalog.ListCharacterAppearances(Appearances(character_id=answer.character.id))
    assert list(listed.appearances) == [appearance]


@pytest.mark.parametrize(
    ("fields", "broken"),
    [
        ({"movie_id": 99}, {"movie_id": "movie.exists"}),
        ({"movie_id": 1, "person_id": 99}, {"person_id": "person.exists"}),
        ({"person_id": 1}, {"person_id": "appearance.movie"}),
        (
            {"person_id": 1, "billing_order": 1},
            {"person_id": "appearance.movie", "billing_order": "appearance.movie"},
        ),
        ({"movie_id": -1, "billing_order": -1}, {"movie_id": "int32.gte", "billing_order": "int32.gte"}),
        ({"character": {"name": "\u2003"}}, {"character.name": "string.not_blank"}),
        ({"character": {"name": "x" * 256}}, {"character.name": "string.max_len"}),
        ({"character": {"name": "x", "role": 9}}, {"character.role": "enum.defined_only"}),
    ],
)
async def test_with_an_invalid_appearance_no_character_is_created(
    staff: Client, database: asyncpg.Connection, fields: dict[str, Any], broken: dict[str, str]
) -> None:
    assert await add_movie(database) == 1
    refusal = await refused(staff.catalog.CreateCharacter(Create(**({"character": {"name": "Hero"}} | fields))))
    assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, broken)
    assert await database.fetchval("SELECT count(*) FROM characters") == 0


async def test_a_name_that_nfc_would_make_longer_fits(staff: Client) -> None:
    assert (await created(staff, name="\u0958" * 255)).name == "\u0958" * 255


async def test_a_character_in_a_movie_cannot_be_deleted(staff: Client, database: asyncpg.Connection) -> None:
    character_id = await add_character(database)
    await add_cast(database, await add_movie(database), character_id)
    refusal = await refused(staff.catalog.DeleteCharacter(Delete(id=character_id)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CHARACTER_IN_USE")
    violation = refusal.details["PreconditionFailure"].violations[0]
    assert (violation.type, violation.subject) == ("CHARACTER_IN_USE", str(character_id))
    assert await database.fetchval("SELECT count(*) FROM characters") == 1


async def test_pages_of_characters_make_up_the_whole_list_by_name(client: Client, database: asyncpg.Connection) -> None:
    for name in ("Himself", "b", "Himself", "a", "Himself", "\u00c9lise", "B"):
        await add_character(database, name)
    wanted = [row["id"] for row in await database.fetch("SELECT id FROM characters ORDER BY name, id")]
    for size in (1, 2, 3, 7):
        assert [character.id for character in await in_pages(client, size)] == wanted


async def test_a_searched_text_is_literal(client: Client, database: asyncpg.Connection) -> None:
    for name in ("100% Wolf", "Wolfgang", "under_score", "back\\slash", "\u00c9lise", "nobody"):
        await add_character(database, name)
    for text, found in {
        "wolf": ["100% Wolf", "Wolfgang"],
        "%": ["100% Wolf"],
        "_": ["under_score"],
        "\\": ["back\\slash"],
        "e\u0301lise": ["\u00c9lise"],
        "'; --": [],
    }.items():
        assert [character.name for character in await in_pages(client, 1, text)] == found


async def test_a_page_token_is_valid_only_for_its_text(client: Client, database: asyncpg.Connection) -> None:
    for name in ("aa", "ab"):
        await add_character(database, name)
    token = (await client.catalog.ListCharacters(List(page_size=1, text="a"))).next_page_token
    refusal = await refused(client.catalog.ListCharacters(List(page_token=token, text="b")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_appearances_of_all_movies_are_listed_with_their_actors(
    client: Client, database: asyncpg.Connection
) -> None:
    bond, other = await add_character(database, "Bond", role="leading"), await add_character(database)
    wanted = []
    for number, name in enumerate(("Sean", "Roger", None, "Daniel")):
        movie_id = await add_movie(database, f"Film {number}")
        person_id = await add_person(database, name) if name else None
        wanted.append((await add_cast(database, movie_id, bond, person_id), f"Film {number}", name or ""))
        await add_cast(database, movie_id, other, person_id)
    found: list[tuple[int, str, str]] = []
    token = ""
    while True:
        page = await client.catalog.ListCharacterAppearances(
            Appearances(character_id=bond, page_size=3, page_token=token)
        )
        found += [(one.id, one.movie_title, one.actor.first_name) for one in page.appearances]
        token = page.next_page_token
        if not token:
            break
    assert found == wanted


@pytest.mark.parametrize("path", ["*", "id", "etag", "create_time", "appearances", "name.x"])
async def test_a_mask_admits_only_fields_that_staff_write(staff: Client, path: str) -> None:
    character = await created(staff)
    refusal = await refused(
        staff.catalog.UpdateCharacter(Update(id=character.id, character=character, update_mask=FieldMask(paths=[path])))
    )
    assert refusal.fields == {"update_mask.paths[0]": "update_mask.allowed"}


async def test_a_stale_etag_changes_nothing(client: Client, staff: Client) -> None:
    character = await created(staff)
    for call in (
        staff.catalog.UpdateCharacter(Update(id=character.id, character=Character(name="x", etag="1-99"))),
        staff.catalog.DeleteCharacter(Delete(id=character.id, etag="1-99")),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_STALE")
    assert (await client.catalog.GetCharacter(Get(id=character.id))).character == character


async def test_pages_take_the_same_queries_for_any_size(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    for number in range(5):
        await add_cast(database, await add_movie(database), await add_character(database), await add_person(database))
        await add_cast(database, await add_movie(database), 1, None, billing_order=number)
    await client.catalog.ListCharacters(List())  # connects
    for size in (1, 5):
        with queries.counted() as counted:
            await client.catalog.ListCharacters(List(page_size=size))
        assert counted.total == 2
        with queries.counted() as counted:
            await client.catalog.ListCharacterAppearances(Appearances(character_id=1, page_size=size))
        assert counted.total == 2
