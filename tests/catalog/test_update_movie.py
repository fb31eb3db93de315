"""UpdateMovie: changes only the fields of the mask, guarded by etags."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import movie_pb2, movies_pb2

from tests.catalogue import add_genre, add_movie, add_person
from tests.client import Client, refusal_of, refused
from tests.queries import QueryCount

Movie = movie_pb2.Movie


@pytest.fixture
async def staff(client: Client) -> Client:
    return await client.promoted(await client.registered())


async def update(staff: Client, movie_id: int, *paths: str, **fields: Any) -> Movie:
    request = movies_pb2.UpdateMovieRequest(
        id=movie_id, movie=Movie(**fields), update_mask=FieldMask(paths=paths) if paths else None
    )
    answer: movies_pb2.UpdateMovieResponse = await staff.catalog.UpdateMovie(request)
    return answer.movie


async def get(client: Client, movie_id: int) -> Movie:
    answer: movies_pb2.GetMovieResponse = await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))
    return answer.movie


async def genre_rows(database: asyncpg.Connection) -> dict[int, int]:
    """Returns the ids of the rows that join a movie to its genres, by genre."""
    return {row["genre_id"]: row["id"] for row in await database.fetch("SELECT genre_id, id FROM movie_genres")}


async def test_only_the_fields_of_the_mask_change(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran", tagline="War.", duration=162, budget=Decimal(5))
    answer = await update(staff, movie_id, "tagline", "duration", "budget", title="Not me", tagline="Peace.")
    assert answer == await get(staff, movie_id)
    assert (answer.title, answer.tagline, answer.duration, answer.HasField("budget")) == ("Ran", "Peace.", 0, False)


async def test_without_a_mask_the_set_fields_change(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran", tagline="War.", duration=162)
    answer = await update(staff, movie_id, tagline="Peace.", duration=0)
    assert (answer.title, answer.tagline, answer.duration) == ("Ran", "Peace.", 162)


async def test_every_optional_value_can_be_cleared(staff: Client, database: asyncpg.Connection) -> None:
    person = await add_person(database)
    country = await database.fetchval("INSERT INTO countries (name) VALUES ('Japan') RETURNING id")
    bare = await get(staff, await add_movie(database, "x"))
    movie_id = await add_movie(
        database, "x", tmdb_id=1, imdb_id="tt0000001", original_title="y", description="y", tagline="y",
        release_date=date(1999, 1, 1), duration=1, budget=Decimal(1), revenue=Decimal(1), director_id=person,
        country_id=country, poster_path="/y", backdrop_path="/y", vote_average=1.0, vote_count=1, popularity=1.0,
        media_type="tv", status="released", original_language="en", production_companies='[{"name": "y"}]',
        production_countries='[{"iso_3166_1": "JP"}]', spoken_languages='[{"iso_639_1": "ja"}]',
    )  # fmt: skip
    await add_genre(database, "Drama", movie_id)
    known = {field.name for field, _ in (await get(staff, movie_id)).ListFields()}
    assert known == {field.name for field in Movie.DESCRIPTOR.fields} - {"poster", "backdrop"}, "all are known before"
    own = {"id", "title", "director", "country", "genres", "rating", "viewer", "etag", "create_time", "update_time"}
    answer = await update(staff, movie_id, *sorted(known - own))
    for movie in (answer, bare):
        for name in ("id", "etag", "create_time", "update_time"):
            movie.ClearField(name)
    assert answer == bare


FORBIDDEN = [
    "*", "id", "etag", "director", "director.first_name", "country", "genres", "poster", "backdrop", "rating",
    "rating.average", "viewer", "viewer.is_favorite", "create_time", "update_time", "row_version", "poster_id",
    "created_at", "search", "stats", "release_date.year", "movie.title", "Title", "genre_ids.0", "", "title,tagline",
]  # fmt: skip


async def test_a_mask_with_any_other_field_is_refused(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    before = await get(staff, movie_id)
    for path in FORBIDDEN:
        refusal = await refused(update(staff, movie_id, "title", path, title="x", rating={"average": 5}))
        assert refusal.fields == {"update_mask.paths[1]": "update_mask.allowed"}, path
    assert await get(staff, movie_id) == before


async def test_without_a_mask_output_only_fields_are_ignored(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    before = await get(staff, movie_id)
    answer = await update(staff, movie_id, id=9, rating={"count": 9}, poster={"file_id": 9}, director={"id": 9})
    assert answer == before, "nothing to change makes no version either"


async def test_a_title_cannot_be_cleared(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    refusal = await refused(update(staff, movie_id, "title", "budget", budget={"value": "1e9"}))
    assert refusal.fields == {"movie.title": "string.not_blank", "movie.budget": "decimal.money"}
    assert (await get(staff, movie_id)).title == "Ran"


async def test_genres_are_changed_by_difference_and_increase_the_version(
    staff: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database, "Ran")
    drama, war, western = [await add_genre(database, name, movie_id) for name in ("Drama", "War", "Western")]
    crime = await add_genre(database, "Crime")
    before = await genre_rows(database)
    etags = [(await get(staff, movie_id)).etag]
    answer = await update(staff, movie_id, "genre_ids", genre_ids=[western, crime, drama])
    assert list(answer.genre_ids) == [crime, drama, western]
    after = await genre_rows(database)
    assert {genre: after[genre] for genre in (drama, western)} == {genre: before[genre] for genre in (drama, western)}
    assert war not in after
    etags += [answer.etag, (await update(staff, movie_id, "genre_ids")).etag]
    assert not (await get(staff, movie_id)).genre_ids
    assert len(set(etags)) == 3


async def test_a_refused_update_changes_nothing(staff: Client, database: asyncpg.Connection) -> None:
    await add_movie(database, tmdb_id=1, imdb_id="tt0000001")
    movie_id = await add_movie(database, "Ran")
    genre = await add_genre(database, "Drama", movie_id)
    before = await get(staff, movie_id)
    refusals: dict[str, dict[str, Any]] = {
        "TMDB_ID_TAKEN": {"tmdb_id": 1},
        "IMDB_ID_TAKEN": {"imdb_id": "tt0000001"},
        "movie.director_id": {"director_id": 7},
        "movie.country_id": {"country_id": 7},
        "movie.genre_ids[1]": {"genre_ids": [genre, genre + 1]},
    }
    for expected, fields in refusals.items():
        refusal = await refused(update(staff, movie_id, title="x", **fields))
        assert expected in {refusal.reason, *refusal.fields}
        assert refusal.code.name == ("ALREADY_EXISTS" if expected.endswith("TAKEN") else "INVALID_ARGUMENT")
    assert await get(staff, movie_id) == before
    assert await database.fetchval("SELECT count(*) FROM audit_log WHERE action = 'movies.update'") == 0


async def test_the_error_names_an_unknown_movie(staff: Client) -> None:
    refusal = await refused(update(staff, 5, title="x"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")


async def test_only_staff_can_update_movies(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    for asked in (movie_id, movie_id + 1):
        assert (await refused(update(client, asked, title="x"))).code is grpc.StatusCode.UNAUTHENTICATED
        refusal = await refused(update(await client.registered(), asked, title="x"))
        assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
    assert (await get(client, movie_id)).title == "Ran"


async def test_a_stale_etag_changes_nothing(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "A")
    other_id = await add_movie(database, "A")
    first = (await get(staff, movie_id)).etag
    second = (await update(staff, movie_id, title="B", etag=first)).etag
    for etag in (first, (await get(staff, other_id)).etag, "x", f"{second} "):
        refusal = await refused(update(staff, movie_id, title="C", etag=etag))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_STALE")
    assert (await get(staff, movie_id)).title == "B"
    assert (await update(staff, movie_id, title="C", etag=second)).title == "C"


async def test_fifty_writers_that_retry_all_succeed(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    conflicts = 0

    async def add_one() -> None:
        nonlocal conflicts
        while True:
            seen = await get(staff, movie_id)
            try:
                await update(staff, movie_id, "vote_count", vote_count=seen.vote_count + 1, etag=seen.etag)
            except grpc.aio.AioRpcError as error:
                assert refusal_of(error).code is grpc.StatusCode.ABORTED  # noqa: PT017 - the loop ends by success
                conflicts += 1
            else:
                return

    await asyncio.gather(*(add_one() for _ in range(50)))
    assert (await get(staff, movie_id)).vote_count == 50
    assert conflicts > 0, "they were concurrent"


async def test_without_etags_fifty_writers_lose_most_increments(staff: Client, database: asyncpg.Connection) -> None:
    """The lost update that the etag prevents."""
    movie_id = await add_movie(database, "Ran")

    async def add_one() -> None:
        seen = await get(staff, movie_id)
        await update(staff, movie_id, "vote_count", vote_count=seen.vote_count + 1)

    await asyncio.gather(*(add_one() for _ in range(50)))
    assert (await get(staff, movie_id)).vote_count < 50


async def test_writers_of_genres_do_not_undo_each_other(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    genres = [await add_genre(database, f"Genre {n}") for n in range(6)]
    sets = [genres[:3], genres[2:], genres[1:5], []] * 5
    await asyncio.gather(*(update(staff, movie_id, "genre_ids", genre_ids=some) for some in sets))
    assert sorted((await get(staff, movie_id)).genre_ids) in [sorted(some) for some in sets]


async def test_the_write_is_in_the_audit_log(staff: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    await update(staff, movie_id, "title", "genre_ids", title="Secret until friday")
    row = await database.fetchrow("SELECT * FROM audit_log WHERE action = 'movies.update'")
    assert row is not None
    assert (row["resource"], row["actor_user_id"]) == (f"movies/{movie_id}", staff.user_id)
    assert row["detail"] == '{"fields": ["genre_ids", "title"]}'


async def test_more_genres_need_no_additional_queries(
    staff: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    genres = [await add_genre(database, f"Genre {n}") for n in range(50)]
    totals = []
    for size in (1, 25):
        movie_id = await add_movie(database)
        await update(staff, movie_id, genre_ids=genres[:size])
        with queries.counted() as counted:
            await update(staff, movie_id, genre_ids=genres[25 : 25 + size])
        totals.append(counted.total)
    assert totals[0] == totals[1] > 0
