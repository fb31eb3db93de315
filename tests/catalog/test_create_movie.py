"""CreateMovie: stores every field as sent, or stores nothing and names every invalid field."""

from __future__ import annotations

import math
from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf import json_format
from google.type import date_pb2, decimal_pb2
from marquee.catalog.v1 import movie_pb2, movies_pb2

from tests.catalogue import add_genre, add_movie, add_person
from tests.client import Client, refused
from tests.queries import QueryCount

Movie = movie_pb2.Movie
# Fields that only the server writes.
OWN_FIELDS = {"id", "director", "country", "genres", "rating", "viewer", "etag", "create_time", "update_time"}


@pytest.fixture
async def staff(client: Client) -> Client:
    return await client.promoted(await client.registered())


async def create(staff: Client, **fields: Any) -> Movie:
    answer: movies_pb2.CreateMovieResponse = await staff.catalog.CreateMovie(
        movies_pb2.CreateMovieRequest(movie=Movie(**fields))
    )
    return answer.movie


async def whole_movie(database: asyncpg.Connection) -> Movie:
    country = await database.fetchval("INSERT INTO countries (name, iso_3166_1) VALUES ('Japan', 'JP') RETURNING id")
    return Movie(
        tmdb_id=11645,
        imdb_id="tt0089881",
        title="Ran",
        original_title="\u4e71",
        description="A king\ndivides his realm. " * 20,
        tagline="War.",
        release_date=date_pb2.Date(year=1985, month=6, day=1),
        duration=162,
        budget=decimal_pb2.Decimal(value="11500000.00"),
        revenue=decimal_pb2.Decimal(value="9999999999999999999.99"),
        director_id=await add_person(database, "Akira", last_name="Kurosawa"),
        country_id=country,
        genre_ids=[await add_genre(database, "Drama"), await add_genre(database, "War")],
        poster_path="/ran.jpg",
        backdrop_path="/field.jpg",
        vote_average=8.2,
        vote_count=1900,
        popularity=12.5,
        media_type=movie_pb2.MEDIA_TYPE_TV,
        status=movie_pb2.MOVIE_STATUS_POST_PRODUCTION,
        original_language="ja",
        production_companies=[
            movie_pb2.ProductionCompany(name="Toho", tmdb_id=882),
            movie_pb2.ProductionCompany(name="Nobody"),
        ],
        production_countries=[movie_pb2.CodedName(code="JP", name="Japan")],
        spoken_languages=[movie_pb2.CodedName(code="ja", name="\u65e5\u672c\u8a9e"), movie_pb2.CodedName(code="en")],
    )


async def count(database: asyncpg.Connection) -> int:
    movies: int = await database.fetchval("SELECT count(*) FROM movies")
    return movies


async def test_every_field_is_returned_unchanged(staff: Client, database: asyncpg.Connection) -> None:
    sent = await whole_movie(database)
    answer = (await staff.catalog.CreateMovie(movies_pb2.CreateMovieRequest(movie=sent))).movie
    assert answer == (await staff.catalog.GetMovie(movies_pb2.GetMovieRequest(id=answer.id))).movie
    assert (answer.director.last_name, answer.country.iso_3166_1) == ("Kurosawa", "JP")
    assert [genre.name for genre in answer.genres] == ["Drama", "War"]
    for name in OWN_FIELDS:
        answer.ClearField(name)
    assert json_format.MessageToDict(answer) == json_format.MessageToDict(sent)


async def test_only_the_title_is_required(staff: Client) -> None:
    movie = await create(staff, title="Untitled")
    assert {field.name for field, _ in movie.ListFields()} == {
        "id", "title", "media_type", "rating", "viewer", "etag", "create_time", "update_time",
    }  # fmt: skip
    assert movie.media_type == movie_pb2.MEDIA_TYPE_MOVIE


async def test_texts_are_stored_in_nfc_and_never_grow(staff: Client) -> None:
    movie = await create(staff, title="Ame\u0301lie", original_title="\u0958" * 500)
    assert (movie.title, movie.original_title) == ("Am\u00e9lie", "\u0958" * 500)


async def test_output_only_fields_are_ignored(staff: Client) -> None:
    sent: dict[str, Any] = {
        "id": 77, "title": "Mine", "director": {"id": 5}, "country": {"id": 6}, "genres": [{"id": 7}],
        "poster": {"file_id": 8}, "rating": {"count": 9, "average": 5}, "viewer": {"is_favorite": True}, "etag": "x",
        "create_time": {"seconds": 1},
    }  # fmt: skip
    answer = await create(staff, **sent)
    assert answer.id != 77
    assert not {"director", "country", "genres", "poster"}.intersection(field.name for field, _ in answer.ListFields())
    assert (answer.rating.count, answer.viewer.is_favorite, answer.create_time.seconds > 1) == (0, False, True)


BROKEN: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"movie.title": "string.not_blank"}),
    ({"title": " \u3000 "}, {"movie.title": "string.not_blank"}),
    ({"title": "a\nb"}, {"movie.title": "string.pattern"}),
    ({"title": "x" * 501}, {"movie.title": "string.max_len"}),
    ({"title": "x", "tmdb_id": -1}, {"movie.tmdb_id": "int32.gte"}),
    ({"title": "x", "imdb_id": "nm0000001"}, {"movie.imdb_id": "string.pattern"}),
    ({"title": "x", "duration": -1}, {"movie.duration": "int32.gte_lte"}),
    ({"title": "x", "vote_average": 10.1}, {"movie.vote_average": "double.gte_lte"}),
    ({"title": "x", "vote_average": math.nan}, {"movie.vote_average": "double.gte_lte"}),
    ({"title": "x", "popularity": math.inf}, {"movie.popularity": "double.finite"}),
    ({"title": "x", "media_type": 9}, {"movie.media_type": "enum.defined_only"}),
    ({"title": "x", "genre_ids": [1, 1]}, {"movie.genre_ids": "repeated.unique"}),
    ({"title": "x", "release_date": {"year": 1999}}, {"movie.release_date": "date.whole"}),
    ({"title": "x", "release_date": {}}, {"movie.release_date": "date.whole"}),
    ({"title": "x", "production_companies": [{}]}, {"movie.production_companies[0].name": "string.min_len"}),
]


async def test_each_broken_rule_is_reported(staff: Client, database: asyncpg.Connection) -> None:
    for movie, broken in BROKEN:
        refusal = await refused(create(staff, **movie))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
        assert refusal.fields == broken
    assert await count(database) == 0


async def test_all_invalid_fields_are_reported_at_once(staff: Client) -> None:
    refusal = await refused(create(staff, budget={"value": "-1"}, revenue={"value": "NaN"}, release_date={"month": 2}))
    assert refusal.fields == {
        "movie.title": "string.not_blank",
        "movie.budget": "decimal.money",
        "movie.revenue": "decimal.money",
        "movie.release_date": "date.whole",
    }


NO_MONEY = [
    "", " ", "-1", "-0", "+1", "1e400", "1E2", "NaN", "sNaN", "Infinity", "-Infinity", "inf", "0x10", "1_000",
    "1,5", "1.", ".5", "1.234", "1.2.3", "10000000000000000000", "9" * 5000, "1 ", "1\n", "\u0661", "\uff11",
]  # fmt: skip
MONEY = {"0": "0.00", "007": "7.00", "0.1": "0.10", "9999999999999999999.99": "9999999999999999999.99"}


async def test_money_is_an_exact_amount_or_refused(staff: Client, database: asyncpg.Connection) -> None:
    for value in NO_MONEY:
        refusal = await refused(create(staff, title="x", budget={"value": value}, revenue={"value": value}))
        assert refusal.fields == {"movie.budget": "decimal.money", "movie.revenue": "decimal.money"}, value
    assert await count(database) == 0


async def test_money_is_stored_to_the_cent(staff: Client) -> None:
    for sent, stored in MONEY.items():
        movie = await create(staff, title="x", budget={"value": sent})
        assert (movie.budget.value, movie.HasField("revenue")) == (stored, False)


async def test_errors_name_missing_references(staff: Client, database: asyncpg.Connection) -> None:
    for field, rule in {"director_id": "person.exists", "country_id": "country.exists"}.items():
        refusal = await refused(create(staff, title="x", **{field: 5}))
        assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, {f"movie.{field}": rule})
    assert await count(database) == 0


async def test_errors_name_each_unknown_genre(staff: Client, database: asyncpg.Connection) -> None:
    known = await add_genre(database, "Drama")
    refusal = await refused(create(staff, title="x", genre_ids=[known + 1, known, known + 2]))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
    assert refusal.fields == {"movie.genre_ids[0]": "genre.exists", "movie.genre_ids[2]": "genre.exists"}
    assert await count(database) == 0


async def test_a_foreign_id_belongs_to_one_movie(staff: Client, database: asyncpg.Connection) -> None:
    await add_movie(database, "The Matrix", tmdb_id=603, imdb_id="tt0133093")
    taken: dict[str, dict[str, Any]] = {"TMDB_ID_TAKEN": {"tmdb_id": 603}, "IMDB_ID_TAKEN": {"imdb_id": "tt0133093"}}
    for reason, ids in taken.items():
        refusal = await refused(create(staff, title="Another", **ids))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, reason)
        assert "Matrix" not in refusal.message
    assert await count(database) == 1


async def test_only_staff_can_create_movies(client: Client, database: asyncpg.Connection) -> None:
    callers = {client: grpc.StatusCode.UNAUTHENTICATED, await client.registered(): grpc.StatusCode.PERMISSION_DENIED}
    for caller, code in callers.items():
        assert (await refused(create(caller, title="x"))).code is code
    assert await count(database) == 0


async def test_the_write_is_in_the_audit_log(staff: Client, database: asyncpg.Connection) -> None:
    movie = await create(staff, title="Ran")
    await refused(create(staff, title="x", director_id=5))
    row = await database.fetchrow("SELECT * FROM audit_log WHERE action LIKE 'movies.%'")
    assert row is not None
    assert (row["action"], row["resource"]) == ("movies.create", f"movies/{movie.id}")
    assert (row["actor_user_id"], row["detail"]) == (staff.user_id, '{"title": "Ran"}')


async def test_more_genres_need_no_additional_queries(
    staff: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    genres = [await add_genre(database, f"Genre {n}") for n in range(50)]
    totals = []
    for some in (genres[:1], genres):
        with queries.counted() as counted:
            movie = await create(staff, title="x", genre_ids=some)
        assert sorted(movie.genre_ids) == some
        totals.append(counted.total)
    assert totals[0] == totals[1] > 0


async def test_country_codes_are_upper_case_and_language_codes_lower_case(staff: Client) -> None:
    for field, movie in {
        "production_countries": movie_pb2.Movie(title="Ran", production_countries=[movie_pb2.CodedName(code="jp")]),
        "spoken_languages": movie_pb2.Movie(title="Ran", spoken_languages=[movie_pb2.CodedName(code="JA")]),
    }.items():
        refusal = await refused(staff.catalog.CreateMovie(movies_pb2.CreateMovieRequest(movie=movie)))
        assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
        assert set(refusal.fields) == {f"movie.{field}"}
