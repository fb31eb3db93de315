"""ListPersonCredits: directed movies and appearances."""

from __future__ import annotations

from datetime import date

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import character_pb2, people_pb2, person_pb2

from tests.catalogue import add_cast, add_character, add_movie, add_person
from tests.client import Client, refused
from tests.media.uploads import register, uploaded
from tests.queries import QueryCount

Credits = people_pb2.ListPersonCreditsRequest
# Two movies of one day, and two without a date: the id decides their order.
DATES = (date(1954, 4, 26), None, date(1985, 6, 1), date(1954, 4, 26), None)


@pytest.fixture
async def person_id(database: asyncpg.Connection) -> int:
    return await add_person(database, "Takashi", last_name="Shimura")


async def in_pages(client: Client, person_id: int, size: int) -> list[person_pb2.PersonCredit]:
    """Returns all credits of a person, page by page; fails if a page before the last one is not full."""
    credits_: list[person_pb2.PersonCredit] = []
    token = ""
    while True:
        page = await client.catalog.ListPersonCredits(Credits(person_id=person_id, page_size=size, page_token=token))
        credits_ += page.credits
        token = page.next_page_token
        if not token:
            return credits_
        assert len(page.credits) == size


async def test_movies_are_ordered_newest_first_and_undated_last(
    client: Client, database: asyncpg.Connection, person_id: int
) -> None:
    hero = await add_character(database, "Hero")
    movies = [await add_movie(database, f"Film {number}", release_date=day) for number, day in enumerate(DATES)]
    for movie_id in movies[:4]:
        await add_cast(database, movie_id, hero, person_id)
    await database.execute("UPDATE movies SET director_id = $1 WHERE id = ANY($2)", person_id, movies[3:])
    second = await add_cast(database, movies[3], await add_character(database, "Double"), person_id)
    await add_movie(database, "Another's", director_id=await add_person(database))
    whole = await in_pages(client, person_id, 100)
    assert [(credit.movie.title, credit.WhichOneof("part")) for credit in whole] == [
        ("Film 2", "appearance"),
        ("Film 3", "is_director"),
        ("Film 3", "appearance"),
        ("Film 3", "appearance"),
        ("Film 0", "appearance"),
        ("Film 4", "is_director"),
        ("Film 1", "appearance"),
    ]
    assert whole[3].appearance.id == second
    assert [credit.movie.HasField("release_date") for credit in whole] == [True] * 5 + [False] * 2
    for size in (1, 2, 3, 6, 7):
        assert await in_pages(client, person_id, size) == whole


async def test_an_appearance_has_the_movie_the_character_and_the_actor(
    client: Client, database: asyncpg.Connection, person_id: int
) -> None:
    movie_id = await add_movie(database, "Ikiru", release_date=date(1952, 10, 9))
    character_id = await add_character(database, "Watanabe", role="supporting")
    cast_id = await add_cast(database, movie_id, character_id, person_id, role="leading", billing_order=4)
    credit = (await in_pages(client, person_id, 5))[0]
    assert (credit.movie.id, credit.movie.release_date.year) == (movie_id, 1952)
    appearance = credit.appearance
    assert (appearance.id, appearance.movie_id, appearance.movie_title) == (cast_id, movie_id, "Ikiru")
    assert (appearance.character_id, appearance.character_name) == (character_id, "Watanabe")
    assert (appearance.role, appearance.billing_order) == (character_pb2.CHARACTER_ROLE_LEADING, 4)
    assert (appearance.actor.id, appearance.actor.first_name, appearance.actor.last_name) == (
        person_id, "Takashi", "Shimura",
    )  # fmt: skip
    assert appearance.etag


async def test_a_person_without_credits_has_an_empty_page(client: Client, person_id: int) -> None:
    assert await client.catalog.ListPersonCredits(Credits(person_id=person_id)) == (
        people_pb2.ListPersonCreditsResponse()
    )


async def test_a_page_token_is_valid_only_for_its_person(
    client: Client, database: asyncpg.Connection, person_id: int
) -> None:
    for _ in range(2):
        await add_movie(database, director_id=person_id)
    token = (await client.catalog.ListPersonCredits(Credits(person_id=person_id, page_size=1))).next_page_token
    other = await add_person(database)
    refusal = await refused(client.catalog.ListPersonCredits(Credits(person_id=other, page_token=token)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_nothing_is_lost_or_repeated_while_credits_change(
    client: Client, database: asyncpg.Connection, person_id: int
) -> None:
    movies = [await add_movie(database, release_date=date(2000, 1, 1 + n // 2), director_id=person_id)
              for n in range(12)]  # fmt: skip
    stayed, seen, token = set(movies), [], ""
    while True:
        page = await client.catalog.ListPersonCredits(Credits(person_id=person_id, page_size=3, page_token=token))
        seen += [credit.movie.id for credit in page.credits]
        token = page.next_page_token
        if not token:
            break
        await database.execute("DELETE FROM movies WHERE id = $1", seen[-1])  # the token's own row
        stayed.discard(seen[-1])
        await add_movie(database, release_date=date(2020, 1, 1), director_id=person_id)
    assert len(seen) == len(set(seen)), "repeated"
    assert stayed <= set(seen), "lost"


async def test_credits_with_posters_take_the_same_queries_for_any_page(
    client: Client, database: asyncpg.Connection, queries: QueryCount, person_id: int
) -> None:
    staff = client.as_staff((await client.registered()).user_id)
    hero = await add_character(database)
    for _ in range(5):
        movie_id = await add_movie(database, director_id=person_id)
        await add_cast(database, movie_id, hero, person_id)
        file = await uploaded(staff, "POSTER", movie_id=movie_id)
        await client.as_service("media.register").media.RegisterFile(register(file.key))
    counts = []
    for size in (2, 10):
        with queries.counted() as counted:
            page = await client.catalog.ListPersonCredits(Credits(person_id=person_id, page_size=size))
        assert len(page.credits) == size
        assert all(credit.movie.HasField("poster") for credit in page.credits)
        counts.append(counted.total)
    assert counts == [5, 5]
