"""The filter language of ListMovies: matching movies, positions of errors, and hostile filters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import grpc
import pytest
from hypothesis import HealthCheck, given, settings, strategies
from marquee.catalog.v1 import movies_pb2

from service.catalog.errors import FilterInvalid
from service.catalog.movies.conditions import FIELDS
from service.catalog.movies.filter_language import MAX_COMPARISONS, MAX_DEPTH, parse_filter
from tests.catalogue import add_genre, add_movie, add_person
from tests.client import Client, refused

List = movies_pb2.ListMoviesRequest
MOVIES: dict[str, dict[str, Any]] = {
    "100% \\ _Wolf_": {
        "imdb_id": "tt0000001", "tmdb_id": 7, "original_title": 'Le "Loup"', "release_date": date(1999, 3, 31),
        "duration": 90, "budget": Decimal("10.50"), "revenue": Decimal(20), "status": "released",
        "original_language": "fr", "vote_average": 7.5, "vote_count": 10, "popularity": 2.5, "poster_path": "/p",
        "created_at": datetime(2020, 5, 5, 12, tzinfo=UTC),
    },
    "Heat": {
        "release_date": date(1995, 12, 15), "duration": 170, "original_language": "en", "media_type": "tv",
        "created_at": datetime(2021, 5, 5, tzinfo=UTC), "popularity": 1e3,
    },
    "Void": {"created_at": datetime(2022, 1, 1, tzinfo=UTC)},
}  # fmt: skip
WOLF, HEAT, VOID = MOVIES
ALL = [WOLF, HEAT, VOID]


@pytest.fixture
async def listed(client: Client, database: asyncpg.Connection) -> Any:
    """Returns the titles that match a filter, in the order of ids."""
    person = await add_person(database)
    country = await database.fetchval("INSERT INTO countries (name, iso_3166_1) VALUES ('F', 'FR') RETURNING id")
    ids = [
        await add_movie(
            database, title, **columns, director_id=person if title == HEAT else None,
            country_id=country if title == WOLF else None,
        )
        for title, columns in MOVIES.items()
    ]  # fmt: skip
    await add_genre(database, "Drama", ids[0], ids[1])
    await add_genre(database, "Film Noir", ids[0])
    await database.execute(
        "INSERT INTO movie_stats (movie_id, rating_count, rating_sum, rating_4) VALUES ($1, 3, 12, 3)", ids[0]
    )

    async def listed(text: str) -> list[str]:
        answer = await client.catalog.ListMovies(List(filter=text, order_by="id"))
        return [movie.title for movie in answer.movies]

    return listed


CASES: list[tuple[str, list[str]]] = [
    ("", ALL),
    (" \t\n ", ALL),
    ("title = Heat", [HEAT]),
    ('title = "heat"', []),
    ('title:"HEA"', [HEAT]),
    ("title != Heat", [WOLF, VOID]),
    ('title:"%"', [WOLF]),
    ('title:"_"', [WOLF]),
    ('title:"\\\\"', [WOLF]),
    ('title:"0% \\\\ _w"', [WOLF]),
    ('title:""', ALL),
    ('original_title:"\\"loup\\""', [WOLF]),
    ("original_title != x", ALL),
    ("NOT original_title:loup", [HEAT, VOID]),
    ("imdb_id = tt0000001", [WOLF]),
    ("tmdb_id = 7", [WOLF]),
    ("tmdb_id != 7", [HEAT, VOID]),
    ("language = fr", [WOLF]),
    ("language:fr", [WOLF]),
    ("language != en", [WOLF, VOID]),
    ("NOT language = en", [WOLF, VOID]),
    ("NOT NOT language = en", [HEAT]),
    ("country = FR", [WOLF]),
    ("country != FR", [HEAT, VOID]),
    ("country != XX", ALL),
    ('genre:"drama"', [WOLF, HEAT]),
    ('genre = "film noir"', [WOLF]),
    ('genre != "film noir"', [HEAT, VOID]),
    ("genre = Western", []),
    ("NOT genre = Western", ALL),
    ('genre:Drama AND genre:"Film Noir"', [WOLF]),
    ("year = 1999", [WOLF]),
    ("year != 1999", [HEAT, VOID]),
    ("year < 1999", [HEAT]),
    ("year <= 1999", [WOLF, HEAT]),
    ("year > 1995", [WOLF]),
    ("year >= 1995", [WOLF, HEAT]),
    ("year >= 1 AND year <= 9999", [WOLF, HEAT]),
    ('release_date = "1999-03-31"', [WOLF]),
    ("release_date>1995-12-15", [WOLF]),
    ("duration < 100", [WOLF]),
    ("runtime >= 90", [WOLF, HEAT]),
    ("NOT duration < 100", [HEAT, VOID]),
    ("vote_average > 7.4", [WOLF]),
    ("vote_count = 10", [WOLF]),
    ("popularity = 1e3", [HEAT]),
    ("popularity = .25e1", [WOLF]),
    ("popularity > -1", ALL),
    ("rating = 4", [WOLF]),
    ("rating > 4.0", []),
    ("NOT rating >= 1", [HEAT, VOID]),
    ("rating != 4", [HEAT, VOID]),
    ("rating_count = 0", [HEAT, VOID]),
    ("rating_count >= 3", [WOLF]),
    ("budget = 10.5", [WOLF]),
    ("revenue <= 20.00", [WOLF]),
    ("status = released", [WOLF]),
    ("status != released", [HEAT, VOID]),
    ("media_type = tv", [HEAT]),
    ("has_poster = true", [WOLF]),
    ("has_poster != true", [HEAT, VOID]),
    ("NOT has_poster = false", [WOLF]),
    ("create_time < 2021-05-05T00:00:00Z", [WOLF]),
    ('create_time = "2021-05-05T02:00:00+02:00"', [HEAT]),
    ("update_time > 0001-01-01T00:00:00Z", ALL),
    ("update_time < 9999-12-31T23:59:59.999999Z", ALL),
    ("id > 0 AND (language = en OR language = fr)", [WOLF, HEAT]),
    ("language = en OR language = fr AND year = 1999", [WOLF]),
    ("year = 1999 AND language = en OR language = fr", [WOLF]),
    ("NOT (language = en OR language = fr)", [VOID]),
    ("NOT (language = en AND year = 1995)", [WOLF, VOID]),
    ('title = "AND" OR title = Heat', [HEAT]),
    ("  (  ( year=1999 )  )  ", [WOLF]),
]


async def test_each_filter_returns_the_matching_movies(listed: Any) -> None:
    for text, titles in CASES:
        assert await listed(text) == titles, text


INVALID = {
    "a": (1, "a field"),
    "years = 1999": (1, "a field"),
    "title": (6, "one of"),
    "title Heat": (7, "one of"),
    "title =": (8, "a text"),
    "title = ": (9, "a text"),
    "title < x": (7, "one of = != :"),
    "genre_id > 1": (10, "one of = != :"),
    "title ~ x": (7, "one of"),
    'title = "x': (9, "double quote"),
    'title = "x\\y"': (9, "double quote"),
    'title = "x" "y"': (13, "AND, OR or the end"),
    "year = 1999 year = 2000": (13, "AND, OR or the end"),
    "year = 1999)": (12, "AND, OR or the end"),
    "(year = 1999": (13, "closing parenthesis"),
    "(": (2, "a field"),
    "()": (2, "a field"),
    "year = 1999 AND": (16, "a field"),
    "year = 1999 OR OR year = 1": (16, "a field"),
    "NOT": (4, "a field"),
    "NOTyear = 1999": (1, "a field"),
    "year = 1999 and year = 2000": (13, "AND"),
    "year = 0": (8, "a year"),
    "year = 10000": (8, "a year"),
    "year = x": (8, "a year"),
    "id = 2147483648": (6, "whole number"),
    "id = -2147483649": (6, "whole number"),
    "id = 1.5": (6, "whole number"),
    "id = \u0661": (6, "whole number"),
    "popularity = 1e999": (14, "finite"),
    "popularity = nan": (14, "finite"),
    "rating = Infinity": (10, "finite"),
    "budget = 1e5": (10, "an amount"),
    "budget = 1.234": (10, "an amount"),
    "budget = 12345678901234567890": (10, "an amount"),
    "release_date = 2023-02-29": (16, "a date"),
    "release_date = 20230101": (16, "a date"),
    "create_time = 2023-01-01": (15, "a moment"),
    "create_time = 2023-01-01T00:00:00": (15, "a moment"),
    "create_time = 0001-01-01T00:00:00+10:00": (15, "a moment"),
    "status = RELEASED": (10, "one of rumored"),
    "media_type = game": (14, "one of movie, tv"),
    "has_poster = yes": (14, "true or false"),
    "title : \u6620 AND \u6620 = 1": (15, "a field"),
    "(" * 21 + "year = 1" + ")" * 21: (22, "at most 20 levels"),
    "NOT " * 21 + "year = 1": (85, "at most 20 levels"),
    " AND ".join(["id=1"] * 51): (451, "at most 50 comparisons"),
}


async def test_an_error_names_its_position(client: Client) -> None:
    for text, (position, expected) in INVALID.items():
        refusal = await refused(client.catalog.ListMovies(List(filter=text)))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FILTER_INVALID"), text
        assert refusal.fields == {"filter": "filter.syntax"}
        metadata = refusal.details["ErrorInfo"].metadata
        assert (metadata["position"], expected in metadata["expected"]) == (str(position), True), (text, metadata)
        assert f"at character {position}" in refusal.message


async def test_a_filter_at_its_limits_is_answered(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    deep = "(" * MAX_DEPTH + f"id = {movie_id}" + ")" * MAX_DEPTH
    long = " OR ".join([f"id = {movie_id}"] * MAX_COMPARISONS)
    for text in (deep, long, f"NOT (NOT ({deep[4:-4]}))"):
        assert [movie.id for movie in (await client.catalog.ListMovies(List(filter=text))).movies] == [movie_id]


async def test_a_filter_past_2000_characters_is_not_read(client: Client) -> None:
    refusal = await refused(client.catalog.ListMovies(List(filter="(" * 2001)))
    assert refusal.fields == {"filter": "string.max_len"}


@pytest.mark.parametrize("field", [*FIELDS, "runtime"])
async def test_every_published_field_is_served_with_each_of_its_operators(client: Client, field: str) -> None:
    values = {
        "year": "1999", "release_date": "1999-03-31", "status": "released", "media_type": "movie",
        "has_poster": "true", "create_time": "2020-01-01T00:00:00Z", "update_time": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    for operator in FIELDS[{"runtime": "duration"}.get(field, field)].operators:
        for form in ("{}", "NOT {}", "{} OR id = 1"):
            text = form.format(f"{field} {operator} {values.get(field, '1')}")
            for order_by in ("", "rating"):
                answer = await client.catalog.ListMovies(List(filter=text, order_by=order_by))
                assert not answer.movies


INJECTIONS = (
    "'; DROP TABLE movies; --", "' OR '1'='1", "\\' OR 1=1 --", "$1", "$1; SELECT 1", "{}", "{value}", "%s",
    "') OR 1=1 --", "x') UNION SELECT password_hash FROM users --", "\\", "\\\\'", "%", "/* */", "E'\\x27'",
)  # fmt: skip


@pytest.mark.parametrize("value", INJECTIONS)
async def test_sql_in_a_value_is_only_a_value(client: Client, database: asyncpg.Connection, value: str) -> None:
    await add_movie(database, "Heat")
    wanted = await add_movie(database, f"before {value} after")
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    answer = await client.catalog.ListMovies(List(filter=f"title:{quoted}"))
    assert [movie.id for movie in answer.movies] == [wanted]
    for field in ("imdb_id", "language", "country", "genre"):
        assert not (await client.catalog.ListMovies(List(filter=f"{field} = {quoted}"))).movies
    assert await database.fetchval("SELECT count(*) FROM movies") == 2


WORDS = strategies.sampled_from(
    [*FIELDS, "runtime", "AND", "OR", "NOT", "(", ")", "=", "!=", "<", "<=", ">", ">=", ":", '"', "\\", "'", ";", "%",
     "1999", "-1", "1e308", "1e999", "0.1", "true", "movie", "released", '"x y"', "1999-03-31", "9999-12-31",
     "0001-01-01", "2020-01-01T00:00:00Z", "2147483648", "99999999999999999999", "\u6620", "\u202e", " ", "\t"]
)  # fmt: skip
LITERALS = strategies.sampled_from(
    ["0", "1", "-1", "1999", "2147483647", "-2147483648", "1e308", "5e-324", "-0.0", "1.5", "9999", "9999-12-31",
     "0001-01-01", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "released", "movie", "true", '"x%"', "FR"]
)  # fmt: skip
COMPARISONS = strategies.tuples(
    strategies.sampled_from(["", "NOT "]),
    strategies.sampled_from(list(FIELDS)),
    strategies.sampled_from(["=", "!=", "<", "<=", ">", ">=", ":"]),
    LITERALS,
).map("".join)
TEXTS = (
    strategies.text(strategies.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
    | strategies.lists(WORDS, max_size=40).map(" ".join)
    | strategies.lists(WORDS, max_size=40).map("".join)
    | strategies.lists(COMPARISONS, min_size=1, max_size=6).map(" AND ".join)
    | strategies.lists(COMPARISONS, min_size=1, max_size=6).map(" OR ".join)
)


async def test_every_generated_filter_is_answered_or_refused(client: Client, database: asyncpg.Connection) -> None:
    await add_movie(database, release_date=date(2000, 1, 1), popularity=1.0)
    codes = {text: await code(client, text) for text in examples()}
    assert set(codes.values()) == {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT}, codes


async def code(client: Client, text: str) -> grpc.StatusCode:
    """Returns the status code for a filter."""
    try:
        await client.catalog.ListMovies(List(filter=text, include_total_size=True))
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def examples() -> list[str]:
    """Returns generated filters, the same ones each time."""
    made: list[str] = []

    @settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(TEXTS)
    def collect(text: str) -> None:
        made.append(text[:2000])

    collect()
    return made


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(TEXTS)
def test_the_position_of_an_error_is_in_the_text_or_at_its_end(text: str) -> None:
    try:
        parse_filter(text)
    except FilterInvalid as error:
        position = int(error.metadata["position"])
    else:
        return
    assert 1 <= position <= len(text) + 1
