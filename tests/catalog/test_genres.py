"""Genres: read by everyone, edited by staff."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import movies_pb2, reference_pb2, references_pb2

from tests.catalogue import add_genre, add_movie
from tests.client import Client, refused
from tests.queries import QueryCount

Create = references_pb2.CreateGenreRequest
Update = references_pb2.UpdateGenreRequest
Delete = references_pb2.DeleteGenreRequest
Get = references_pb2.GetGenreRequest
List = references_pb2.ListGenresRequest
Genre = reference_pb2.Genre


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


async def created(staff: Client, name: str = "Drama", **fields: object) -> Genre:
    answer: references_pb2.CreateGenreResponse = await staff.catalog.CreateGenre(
        Create(genre=Genre(name=name, **fields))  # type: ignore[arg-type] # any of them
    )
    return answer.genre


async def test_a_genre_can_be_created_updated_read_and_deleted(
    client: Client, staff: Client, database: asyncpg.Connection
) -> None:
    genre = await created(staff, "Film noir", notes="Dark.", tmdb_id=5)
    assert (genre.name, genre.notes, genre.tmdb_id, genre.movie_count) == ("Film noir", "Dark.", 5, 0)
    assert (await client.catalog.GetGenre(Get(id=genre.id))).genre == genre
    answer = await staff.catalog.UpdateGenre(Update(id=genre.id, genre=Genre(name="Noir", etag=genre.etag)))
    assert (answer.genre.name, answer.genre.notes, answer.genre.tmdb_id) == ("Noir", "Dark.", 5)
    assert answer.genre.etag != genre.etag
    await staff.catalog.DeleteGenre(Delete(id=genre.id, etag=answer.genre.etag))
    rows = await database.fetch("SELECT action, resource, actor_user_id FROM audit_log ORDER BY id")
    assert [tuple(row) for row in rows if row["action"].startswith("genres.")] == [
        (f"genres.{act}", f"genres/{genre.id}", staff.user_id) for act in ("create", "update", "delete")
    ]
    for call in (
        client.catalog.GetGenre(Get(id=genre.id)),
        staff.catalog.UpdateGenre(Update(id=genre.id, genre=Genre(name="x"))),
        staff.catalog.DeleteGenre(Delete(id=genre.id)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "GENRE_NOT_FOUND")
        assert refusal.details["ResourceInfo"].resource_name == str(genre.id)


async def test_a_page_of_genres_counts_movies_in_one_query(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    movies = [await add_movie(database) for _ in range(3)]
    for number in range(5):
        await add_genre(database, f"Genre {number}", *movies[:number])
    await client.catalog.ListGenres(List())  # connects
    for size in (1, 5):
        with queries.counted() as counted:
            page = await client.catalog.ListGenres(List(page_size=size))
        assert [genre.movie_count for genre in page.genres] == [0, 1, 2, 3, 3][:size]
        assert counted.total == 1
    with queries.counted() as counted:
        assert (await client.catalog.GetGenre(Get(id=page.genres[2].id))).genre == page.genres[2]
    assert counted.total == 1


async def test_pages_of_genres_make_up_the_whole_list_by_name(client: Client, database: asyncpg.Connection) -> None:
    for name in ("b", "A", "\u00c9pique", "ab", "z", 'quo"ted'):
        await add_genre(database, f"{name} genre")
    wanted = [row["name"] for row in await database.fetch("SELECT name FROM genres ORDER BY name")]
    names: list[str] = []
    token = ""
    while True:
        page = await client.catalog.ListGenres(List(page_size=2, page_token=token))
        names += [genre.name for genre in page.genres]
        token = page.next_page_token
        if not token:
            break
    assert names == wanted


async def test_a_token_of_another_list_is_refused(client: Client, database: asyncpg.Connection) -> None:
    for name in ("a", "b"):
        await add_genre(database, name)
    token = (await client.catalog.ListGenres(List(page_size=1))).next_page_token
    other = references_pb2.ListCountriesRequest(page_token=token)
    for call in (client.catalog.ListCountries(other), client.catalog.ListGenres(List(page_token=token + "x"))):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


@pytest.mark.parametrize("name", ["", " ", "\u2003", "\u00a0 "])
async def test_a_blank_name_is_refused(staff: Client, name: str) -> None:
    genre = await created(staff)
    mask = FieldMask(paths=["name"])
    for call in (
        staff.catalog.CreateGenre(Create(genre=Genre(name=name))),
        staff.catalog.UpdateGenre(Update(id=genre.id, genre=Genre(name=name), update_mask=mask)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.fields) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            {"genre.name": "string.not_blank"},
        )


async def test_names_that_look_equal_are_the_same(staff: Client) -> None:
    genre = await created(staff, "Com\u00e9die")
    assert (await created(staff, "E\u0301pique")).name == "\u00c9pique"
    for name in ("Com\u00e9die", "Come\u0301die", "COM\u00c9DIE"):
        refusal = await refused(staff.catalog.CreateGenre(Create(genre=Genre(name=name))))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "GENRE_NAME_TAKEN")
        other = await created(staff, uuid4().hex)
        refusal = await refused(staff.catalog.UpdateGenre(Update(id=other.id, genre=Genre(name=name))))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "GENRE_NAME_TAKEN")
    own = await staff.catalog.UpdateGenre(Update(id=genre.id, genre=Genre(name="COM\u00c9DIE")))
    assert own.genre.name == "COM\u00c9DIE"


async def test_a_duplicate_tmdb_id_is_refused(staff: Client) -> None:
    await created(staff, tmdb_id=18)
    refusal = await refused(staff.catalog.CreateGenre(Create(genre=Genre(name="Other", tmdb_id=18))))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "TMDB_ID_TAKEN")


async def test_one_of_fifty_concurrent_creates_of_a_name_succeeds(staff: Client, database: asyncpg.Connection) -> None:
    requests = [Create(genre=Genre(name="Drama" if number % 2 else "DRAMA")) for number in range(50)]
    outcomes = await asyncio.gather(
        *(staff.catalog.CreateGenre(request) for request in requests), return_exceptions=True
    )
    codes = [one.code() for one in outcomes if isinstance(one, grpc.aio.AioRpcError)]
    assert codes == [grpc.StatusCode.ALREADY_EXISTS] * 49
    assert await database.fetchval("SELECT count(*) FROM genres") == 1
    assert await database.fetchval("SELECT count(*) FROM audit_log WHERE action = 'genres.create'") == 1


async def test_one_of_fifty_concurrent_changes_with_the_same_etag_succeeds(staff: Client) -> None:
    genre = await created(staff)
    outcomes = await asyncio.gather(
        *(
            staff.catalog.UpdateGenre(Update(id=genre.id, genre=Genre(notes=f"note {number}", etag=genre.etag)))
            for number in range(50)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, references_pb2.UpdateGenreResponse) for one in outcomes) == 1
    codes = {one.code() for one in outcomes if isinstance(one, grpc.aio.AioRpcError)}
    assert codes == {grpc.StatusCode.ABORTED}


@pytest.mark.parametrize("path", ["*", "id", "etag", "movie_count", "create_time", "row_version", "name.x", ""])
async def test_a_mask_admits_only_fields_that_staff_write(staff: Client, path: str) -> None:
    genre = await created(staff)
    refusal = await refused(
        staff.catalog.UpdateGenre(
            Update(id=genre.id, genre=Genre(name="x"), update_mask=FieldMask(paths=["notes", path]))
        )
    )
    assert (refusal.code, refusal.fields) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        {"update_mask.paths[1]": "update_mask.allowed"},
    )


async def test_a_mask_clears_its_fields_and_no_others(staff: Client) -> None:
    genre = await created(staff, notes="Dark.", tmdb_id=18)
    answer = await staff.catalog.UpdateGenre(
        Update(id=genre.id, genre=Genre(name="Ignored"), update_mask=FieldMask(paths=["notes", "tmdb_id"]))
    )
    assert (answer.genre.name, answer.genre.notes, answer.genre.tmdb_id) == ("Drama", "", 0)


async def test_an_update_to_the_same_values_does_not_change_the_version(staff: Client) -> None:
    genre = await created(staff)
    assert (await staff.catalog.UpdateGenre(Update(id=genre.id, genre=Genre(id=9, movie_count=7)))).genre == genre


async def test_a_stale_etag_changes_nothing(client: Client, staff: Client) -> None:
    genre = await created(staff)
    for call in (
        staff.catalog.UpdateGenre(Update(id=genre.id, genre=Genre(name="x", etag="1-99"))),
        staff.catalog.DeleteGenre(Delete(id=genre.id, etag="1-99")),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_STALE")
    assert (await client.catalog.GetGenre(Get(id=genre.id))).genre == genre


async def test_a_genre_in_use_cannot_be_deleted(staff: Client, database: asyncpg.Connection) -> None:
    genre_id = await add_genre(database, "Drama", await add_movie(database))
    refusal = await refused(staff.catalog.DeleteGenre(Delete(id=genre_id)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "GENRE_IN_USE")
    violation = refusal.details["PreconditionFailure"].violations[0]
    assert (violation.type, violation.subject) == ("GENRE_IN_USE", str(genre_id))
    assert await database.fetchval("SELECT count(*) FROM genres") == 1


async def test_a_new_name_is_visible_in_movies(client: Client, staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    genre_id = await add_genre(database, "Drame", movie_id)
    await staff.catalog.UpdateGenre(Update(id=genre_id, genre=Genre(name="Drama")))
    movie = (await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie
    assert [genre.name for genre in movie.genres] == ["Drama"]


async def test_validate_only_validates_and_stores_nothing(client: Client, staff: Client) -> None:
    genre = await created(staff)
    dry = await staff.catalog.CreateGenre(Create(genre=Genre(name="Other"), validate_only=True))
    assert dry.genre.name == "Other"
    refusal = await refused(staff.catalog.CreateGenre(Create(genre=Genre(name="DRAMA"), validate_only=True)))
    assert refusal.reason == "GENRE_NAME_TAKEN"
    await staff.catalog.UpdateGenre(Update(id=genre.id, genre=Genre(name="Other"), validate_only=True))
    await staff.catalog.DeleteGenre(Delete(id=genre.id, validate_only=True))
    assert list((await client.catalog.ListGenres(List())).genres) == [genre]


async def test_a_repeated_request_gets_the_first_response(staff: Client) -> None:
    request = Create(genre=Genre(name="Drama"), request_id=str(uuid4()))
    assert await staff.catalog.CreateGenre(request) == await staff.catalog.CreateGenre(request)
    refusal = await refused(staff.catalog.CreateGenre(Create(genre=Genre(name="Drama"), request_id=str(uuid4()))))
    assert refusal.reason == "GENRE_NAME_TAKEN"
