"""Cached movies and people: never older than an acknowledged write, of this worker or of another one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import movie_pb2, movies_pb2, people_pb2, person_pb2, references_pb2

from service.database.listener import APPLICATION_NAME
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.catalogue import add_cast, add_character, add_country, add_genre, add_movie, add_person
from tests.client import Client
from tests.outage import Served, seconds_until, served
from tests.queries import QueryCount

BOUND = 3.0
"""Seconds after an acknowledged write in which another worker may still return the older version."""
WRITES = 150


@pytest.fixture
async def other(settings: Settings, storage: S3UploadStorage) -> AsyncIterator[Served]:
    """Another worker on the same database."""
    async with served(settings, storage) as other:
        yield other


@pytest.fixture
async def staff(client: Client) -> Client:
    return await client.promoted(await client.registered())


async def movie(client: Client, movie_id: int) -> movie_pb2.Movie:
    answer: movies_pb2.GetMovieResponse = await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))
    return answer.movie


async def person(client: Client, person_id: int) -> person_pb2.Person:
    answer: people_pb2.GetPersonResponse = await client.catalog.GetPerson(people_pb2.GetPersonRequest(id=person_id))
    return answer.person


async def retitle(staff: Client, movie_id: int, title: str) -> None:
    request = movies_pb2.UpdateMovieRequest(
        id=movie_id, movie=movie_pb2.Movie(title=title), update_mask=FieldMask(paths=["title"])
    )
    await staff.catalog.UpdateMovie(request)


async def test_a_cached_movie_needs_no_query(client: Client, database: asyncpg.Connection, queries: QueryCount) -> None:
    movie_ids = [await add_movie(database, f"Film {number}") for number in range(3)]
    await person(client, await add_person(database))  # opens the pool
    request = movies_pb2.BatchGetMoviesRequest(ids=movie_ids)
    with queries.counted() as first:
        answer = await client.catalog.BatchGetMovies(request)
    with queries.counted() as second:
        assert await client.catalog.BatchGetMovies(request) == answer
        assert (await movie(client, movie_ids[0])).title == "Film 0"
    assert (first.total, second.total) == (1, 0)


async def test_a_cached_movie_for_a_signed_in_caller_needs_one_query(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    await movie(user, movie_id)
    with queries.counted() as counted:
        assert (await movie(user, movie_id)).HasField("viewer")
    assert counted.total == 1


async def test_a_writer_reads_their_own_write_at_once(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Film 0")
    for number in range(50):
        await retitle(staff, movie_id, f"Film {number}")
        assert (await movie(staff, movie_id)).title == f"Film {number}"


async def test_a_validated_change_is_not_cached(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Stored")
    await staff.catalog.UpdateMovie(
        movies_pb2.UpdateMovieRequest(
            id=movie_id,
            movie=movie_pb2.Movie(title="Validated"),
            update_mask=FieldMask(paths=["title"]),
            validate_only=True,
        )
    )
    assert (await movie(staff, movie_id)).title == "Stored"


async def test_another_worker_returns_an_acknowledged_write_within_the_bound(
    staff: Client, other: Served, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database, "0")
    acknowledged: list[tuple[float, int]] = [(time.monotonic() - BOUND, 0)]
    late: list[str] = []
    done = asyncio.Event()

    async def write() -> None:
        for number in range(1, WRITES + 1):
            await retitle(staff, movie_id, str(number))
            acknowledged.append((time.monotonic(), number))
        done.set()

    reads = 0

    async def read() -> None:
        nonlocal reads
        while not done.is_set():
            due = max(number for at, number in acknowledged if at <= time.monotonic() - BOUND)
            returned = int((await movie(other.client, movie_id)).title)
            if returned < due:
                late.append(f"returned {returned}, but {due} was acknowledged more than {BOUND} seconds before")
            reads += 1

    await asyncio.gather(*(read() for _ in range(8)), write())
    assert late == []
    assert reads > WRITES

    async def is_newest() -> bool:
        return (await movie(other.client, movie_id)).title == str(WRITES)

    assert await seconds_until(is_newest) < BOUND


async def test_a_lost_connection_empties_the_cache_until_it_listens_again(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    movie_id = await add_movie(database, "Before")
    assert (await movie(client, movie_id)).title == "Before"
    ended = await database.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = $1",
        APPLICATION_NAME,
    )
    assert ended == 1
    await database.execute("UPDATE movies SET title = 'After' WHERE id = $1", movie_id)

    async def is_after() -> bool:
        return (await movie(client, movie_id)).title == "After"

    await seconds_until(is_after)

    async def is_cached_again() -> bool:
        with queries.counted() as counted:
            await movie(client, movie_id)
        return counted.total == 0

    await seconds_until(is_cached_again)


Write = Callable[[asyncpg.Connection, dict[str, int]], Awaitable[Any]]


async def rename_genre(database: asyncpg.Connection, ids: dict[str, int]) -> None:
    await database.execute("UPDATE genres SET name = 'New' WHERE id = $1", ids["genre"])


async def rename_director(database: asyncpg.Connection, ids: dict[str, int]) -> None:
    await database.execute("UPDATE persons SET last_name = 'New' WHERE id = $1", ids["person"])


async def rename_country(database: asyncpg.Connection, ids: dict[str, int]) -> None:
    await database.execute("UPDATE countries SET name = 'New' WHERE id = $1", ids["country"])


async def remove_the_genre(database: asyncpg.Connection, ids: dict[str, int]) -> None:
    await database.execute("DELETE FROM movie_genres WHERE movie_id = $1", ids["movie"])


async def write_the_same_again(database: asyncpg.Connection, ids: dict[str, int]) -> None:
    """Increases the version, and so changes the etag."""
    await database.execute("UPDATE movies SET title = title WHERE id = $1", ids["movie"])


async def delete_the_director(database: asyncpg.Connection, ids: dict[str, int]) -> None:
    await database.execute("DELETE FROM persons WHERE id = $1", ids["person"])


async def write_a_thousand(database: asyncpg.Connection, _ids: dict[str, int]) -> None:
    """Writes more movies than a notification lists by id."""
    await database.execute("INSERT INTO movies (title) SELECT 'One of many' FROM generate_series(1, 1000)")
    await database.execute("UPDATE movies SET popularity = popularity + 1")


@pytest.mark.parametrize(
    "write",
    [
        rename_genre,
        rename_director,
        rename_country,
        remove_the_genre,
        write_the_same_again,
        delete_the_director,
        write_a_thousand,
    ],
)
async def test_a_write_of_a_movie_or_related_row_invalidates_the_movie(
    client: Client, database: asyncpg.Connection, write: Write
) -> None:
    country_id = await add_country(database, "Old")
    person_id = await add_person(database, "A", last_name="Old")
    movie_id = await add_movie(database, director_id=person_id, country_id=country_id)
    genre_id = await add_genre(database, "Old", movie_id)
    before = await movie(client, movie_id)
    assert await movie(client, movie_id) == before
    await write(database, {"movie": movie_id, "person": person_id, "country": country_id, "genre": genre_id})

    async def is_changed() -> bool:
        return await movie(client, movie_id) != before

    assert await seconds_until(is_changed) < BOUND


async def test_a_deleted_movie_is_gone_on_every_worker(
    staff: Client, other: Served, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    await movie(other.client, movie_id)
    await staff.catalog.DeleteMovie(movies_pb2.DeleteMovieRequest(id=movie_id))

    async def is_gone() -> bool:
        answer = await other.client.catalog.BatchGetMovies(movies_pb2.BatchGetMoviesRequest(ids=[movie_id]))
        return list(answer.missing_ids) == [movie_id]

    assert await seconds_until(is_gone) < BOUND


async def test_people_are_cached_and_invalidated(
    staff: Client, other: Served, database: asyncpg.Connection, queries: QueryCount
) -> None:
    country_id = await add_country(database, "Old")
    person_id = await add_person(database, "Someone", country_id=country_id)
    await add_cast(database, await add_movie(database), await add_character(database), person_id)
    before = await person(other.client, person_id)
    with queries.counted() as counted:
        assert await person(other.client, person_id) == before
    assert counted.total == 0
    await staff.catalog.UpdateCountry(
        references_pb2.UpdateCountryRequest(
            id=country_id,
            country={"name": "New"},  # type: ignore[arg-type] # protobuf takes a mapping
            update_mask=FieldMask(paths=["name"]),
        )
    )

    async def is_changed() -> bool:
        return (await person(other.client, person_id)).country.name == "New"

    assert await seconds_until(is_changed) < BOUND
