"""GetMovie: by each kind of id, with all fields of a response."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import asyncpg
import grpc
import pytest
from google.type import date_pb2, decimal_pb2
from marquee.catalog.v1 import movie_pb2, movies_pb2

from tests.catalogue import add_genre, add_movie, add_person
from tests.client import Client, refused

Get = movies_pb2.GetMovieRequest


async def test_a_movie_is_found_by_each_of_its_ids(client: Client, database: asyncpg.Connection) -> None:
    await add_movie(database, "Another", tmdb_id=1, imdb_id="tt0000001")
    movie_id = await add_movie(database, "Ran", tmdb_id=11645, imdb_id="tt0089881")
    answers = [
        await client.catalog.GetMovie(request)
        for request in (Get(id=movie_id), Get(tmdb_id=11645), Get(imdb_id="tt0089881"))
    ]
    assert [(a.movie.id, a.movie.tmdb_id, a.movie.imdb_id, a.movie.title) for a in answers] == [
        (movie_id, 11645, "tt0089881", "Ran")
    ] * 3


async def test_the_error_names_an_unknown_id(client: Client) -> None:
    for request, name in ((Get(id=5), "5"), (Get(tmdb_id=6), "tmdb_id=6"), (Get(imdb_id="tt0000007"), "tt0000007")):
        refusal = await refused(client.catalog.GetMovie(request))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")
        resource = refusal.details["ResourceInfo"]
        assert resource.resource_type == "marquee.catalog.v1.Movie"
        assert resource.resource_name.endswith(name)


@pytest.mark.parametrize(
    ("request_", "broken"),
    [
        (Get(), {"movie": "required"}),
        (Get(id=0), {"id": "int32.gt"}),
        (Get(id=-1), {"id": "int32.gt"}),
        (Get(tmdb_id=0), {"tmdb_id": "int32.gt"}),
        (Get(imdb_id=""), {"imdb_id": "string.pattern"}),
        (Get(imdb_id="tt123"), {"imdb_id": "string.pattern"}),
        (Get(imdb_id="tt0089881\n"), {"imdb_id": "string.pattern"}),
        (Get(imdb_id="tt0089881'"), {"imdb_id": "string.pattern"}),
        (Get(imdb_id="tt\u0661\u0662\u0663\u0664\u0665\u0666\u0667"), {"imdb_id": "string.pattern"}),
    ],
)
async def test_no_id_or_a_malformed_one_is_refused(client: Client, request_: Get, broken: dict[str, str]) -> None:
    refusal = await refused(client.catalog.GetMovie(request_))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
    assert refusal.fields == broken


async def test_the_last_of_two_ids_on_the_wire_wins(client: Client, database: asyncpg.Connection) -> None:
    """The last field of a oneof wins, as in protobuf."""
    movie_id = await add_movie(database, tmdb_id=7)
    call = client.channel.unary_unary(
        "/marquee.catalog.v1.CatalogService/GetMovie",
        request_serializer=bytes,
        response_deserializer=movies_pb2.GetMovieResponse.FromString,
    )
    answer: movies_pb2.GetMovieResponse = await call(
        Get(id=movie_id + 1).SerializeToString() + Get(tmdb_id=7).SerializeToString()
    )
    assert answer.movie.id == movie_id


async def test_unknown_values_of_a_movie_are_unset(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Untitled")
    movie = (await client.catalog.GetMovie(Get(id=movie_id))).movie
    assert {field.name for field, _ in movie.ListFields()} == {
        "id", "title", "media_type", "rating", "etag", "create_time", "update_time",
    }  # fmt: skip
    assert movie.rating == movie_pb2.RatingSummary(count=0, average=0)


async def test_a_full_movie(client: Client, database: asyncpg.Connection) -> None:
    country = await database.fetchval("INSERT INTO countries (name, iso_3166_1) VALUES ('Japan', 'JP') RETURNING id")
    director = await add_person(database, "Akira", last_name="Kurosawa")
    movie_id = await add_movie(
        database,
        "Ran",
        original_title="\u4e71",
        description="A king divides his realm.",
        tagline="",
        release_date=date(1985, 6, 1),
        duration=162,
        budget=Decimal("11500000.00"),
        revenue=Decimal("1234567890123456789.01"),
        director_id=director,
        country_id=country,
        poster_path="/ran.jpg",
        vote_average=8.2,
        vote_count=1900,
        popularity=12.5,
        status="released",
        original_language="ja",
        production_companies=json.dumps([{"name": "Toho", "id": 882}, {"name": "Nobody"}]),
        production_countries=json.dumps([{"iso_3166_1": "JP", "name": "Japan"}]),
        spoken_languages=json.dumps([{"iso_639_1": "ja", "name": "\u65e5\u672c\u8a9e"}]),
    )
    war, drama = await add_genre(database, "War", movie_id), await add_genre(database, "Drama", movie_id)
    movie = (await client.catalog.GetMovie(Get(id=movie_id))).movie
    assert (movie.title, movie.original_title, movie.duration) == ("Ran", "\u4e71", 162)
    assert movie.release_date == date_pb2.Date(year=1985, month=6, day=1)
    assert movie.budget == decimal_pb2.Decimal(value="11500000.00")
    assert movie.revenue == decimal_pb2.Decimal(value="1234567890123456789.01"), "exact, beyond what a float holds"
    assert movie.director == movie_pb2.PersonSummary(id=director, first_name="Akira", last_name="Kurosawa")
    assert movie.country == movie_pb2.CountrySummary(id=country, name="Japan", iso_3166_1="JP")
    assert [(genre.id, genre.name) for genre in movie.genres] == [(drama, "Drama"), (war, "War")]
    assert list(movie.genre_ids) == [drama, war]
    assert (movie.vote_average, movie.vote_count, movie.popularity) == (8.2, 1900, 12.5)
    assert (movie.status, movie.media_type) == (movie_pb2.MOVIE_STATUS_RELEASED, movie_pb2.MEDIA_TYPE_MOVIE)
    assert [(company.name, company.tmdb_id) for company in movie.production_companies] == [("Toho", 882), ("Nobody", 0)]
    assert [(named.code, named.name) for named in movie.spoken_languages] == [("ja", "\u65e5\u672c\u8a9e")]
    assert [(named.code, named.name) for named in movie.production_countries] == [("JP", "Japan")]


async def test_the_rating_is_that_of_our_own_users(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, vote_average=9, vote_count=3)
    for stars in (5, 4, 4):
        user = await client.registered()
        await database.execute(
            "INSERT INTO movie_ratings (user_id, movie_id, rating) VALUES ($1, $2, $3)", user.user_id, movie_id, stars
        )
    movie = (await client.catalog.GetMovie(Get(id=movie_id))).movie
    assert movie.rating.count == 3
    assert movie.rating.average == pytest.approx(13 / 3)


async def test_every_change_results_in_a_new_etag(client: Client, database: asyncpg.Connection) -> None:
    staff = await client.promoted(await client.registered())
    movie_id = await add_movie(database)
    etags = []
    for title in ("A", "B", "A"):
        request = movies_pb2.UpdateMovieRequest(id=movie_id, movie=movie_pb2.Movie(title=title))
        await staff.catalog.UpdateMovie(request)
        etags += [(await client.catalog.GetMovie(Get(id=movie_id))).movie.etag for _ in range(2)]
    assert len(set(etags)) == 3
