"""The filters of ListMovies, alone and together."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2
from marquee.catalog.v1 import movie_pb2, movies_pb2

from tests.catalogue import add_genre, add_movie, add_person
from tests.client import Client, refused
from tests.queries import QueryCount

List = movies_pb2.ListMoviesRequest
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
MOVIES: dict[str, dict[str, Any]] = {
    "Alien": {
        "release_date": date(1979, 5, 25), "duration": 117, "vote_average": 8.1, "vote_count": 900,
        "original_language": "en", "status": "released", "budget": Decimal("11000000.50"), "poster_path": "/a.jpg",
        "updated_at": EPOCH,
    },
    "Stalker": {
        "release_date": date(1979, 12, 31), "duration": 162, "vote_average": 8.0, "vote_count": 300,
        "original_language": "ru", "status": "released", "budget": Decimal(1000000), "updated_at": EPOCH,
    },
    "Twin Peaks": {
        "release_date": date(1990, 1, 1), "duration": 47, "vote_average": 8.3, "vote_count": 700, "media_type": "tv",
        "original_language": "en", "poster_path": "", "updated_at": EPOCH + timedelta(days=1),
    },
    "Unmade": {"status": "planned", "updated_at": EPOCH - timedelta(days=1)},
}  # fmt: skip


class Catalogue:
    """Four movies and their related rows."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.ids: dict[str, int] = {}

    async def titles(self, **filters: Any) -> list[str]:
        """Returns the titles that match some filters, in the order of ids."""
        return [movie.title for movie in (await self.client.catalog.ListMovies(List(order_by="id", **filters))).movies]


@pytest.fixture
async def catalogue(client: Client, database: asyncpg.Connection) -> Catalogue:
    catalogue = Catalogue(client)
    ids = catalogue.ids
    for name in ("Scott", "Weaver"):
        ids[name] = await add_person(database, name)
    ids["SU"] = await database.fetchval("INSERT INTO countries (name, iso_3166_1) VALUES ('Union', 'SU') RETURNING id")
    for title, columns in MOVIES.items():
        director = ids["Scott"] if title == "Alien" else None
        country = ids["SU"] if title == "Stalker" else None
        ids[title] = await add_movie(database, title, director_id=director, country_id=country, **columns)
    ids["Horror"] = await add_genre(database, "Horror", ids["Alien"])
    ids["Science"] = await add_genre(database, "Science", ids["Alien"], ids["Stalker"])
    ids["Drama"] = await add_genre(database, "Drama", ids["Stalker"], ids["Twin Peaks"])
    ids["Ripley"] = await database.fetchval("INSERT INTO characters (name) VALUES ('Ripley') RETURNING id")
    await database.execute(
        "INSERT INTO movie_characters (movie_id, character_id, person_id) VALUES ($1, $3, $4), ($2, $3, NULL)",
        ids["Alien"], ids["Unmade"], ids["Ripley"], ids["Weaver"],
    )  # fmt: skip
    await database.execute(
        "INSERT INTO movie_stats (movie_id, rating_count, rating_sum, rating_4, rating_5)"
        " VALUES ($1, 2, 9, 1, 1), ($2, 1, 4, 1, 0), ($3, 0, 0, 0, 0)",
        ids["Alien"], ids["Stalker"], ids["Twin Peaks"],
    )  # fmt: skip
    return catalogue


def day(year: int, month: int, number: int) -> date_pb2.Date:
    return date_pb2.Date(year=year, month=month, day=number)


def moment(value: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(value)
    return message


CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"language": "en"}, ["Alien", "Twin Peaks"]),
    ({"language": "xx"}, []),
    ({"country": "SU"}, ["Stalker"]),
    ({"country": "ZZ"}, []),
    ({"year": 1979}, ["Alien", "Stalker"]),
    ({"year": 1990}, ["Twin Peaks"]),
    ({"year": 1}, []),
    ({"year": 9999}, []),
    ({"released_from": day(1979, 12, 31)}, ["Stalker", "Twin Peaks"]),
    ({"released_before": day(1979, 12, 31)}, ["Alien"]),
    ({"released_from": day(1979, 5, 25), "released_before": day(1990, 1, 1)}, ["Alien", "Stalker"]),
    ({"duration_min": 117}, ["Alien", "Stalker"]),
    ({"duration_max": 117}, ["Alien", "Twin Peaks"]),
    ({"duration_min": 118, "duration_max": 117}, []),
    ({"vote_average_min": 8.1}, ["Alien", "Twin Peaks"]),
    ({"vote_average_max": 8.0}, ["Stalker", "Unmade"]),
    ({"vote_count_min": 700}, ["Alien", "Twin Peaks"]),
    ({"vote_count_max": 0}, ["Unmade"]),
    ({"rating_min": 4.0}, ["Alien", "Stalker"]),
    ({"rating_min": 4.5}, ["Alien"]),
    ({"rating_max": 4.0}, ["Stalker"]),
    ({"status": movie_pb2.MOVIE_STATUS_PLANNED}, ["Unmade"]),
    ({"media_type": movie_pb2.MEDIA_TYPE_TV}, ["Twin Peaks"]),
    ({"budget_min": decimal_pb2.Decimal(value="11000000.50")}, ["Alien"]),
    ({"budget_max": decimal_pb2.Decimal(value="11000000.49")}, ["Stalker"]),
    ({"has_poster": True}, ["Alien"]),
    ({"has_poster": False}, ["Stalker", "Twin Peaks", "Unmade"]),
    ({"updated_from": moment(EPOCH)}, ["Alien", "Stalker", "Twin Peaks"]),
    ({"updated_from": moment(EPOCH + timedelta(microseconds=1))}, ["Twin Peaks"]),
    ({"language": "en", "year": 1979, "duration_max": 120, "has_poster": True}, ["Alien"]),
    ({"language": "en", "filter": "year = 1990"}, ["Twin Peaks"]),
]


async def test_each_filter_returns_the_matching_movies(catalogue: Catalogue) -> None:
    for filters, titles in CASES:
        assert await catalogue.titles(**filters) == titles, filters


async def test_genres_can_be_filtered_by_any_all_and_none(catalogue: Catalogue) -> None:
    horror, science, drama = (catalogue.ids[name] for name in ("Horror", "Science", "Drama"))
    assert await catalogue.titles(genre_ids_any=[horror]) == ["Alien"]
    assert await catalogue.titles(genre_ids_any=[horror, drama]) == ["Alien", "Stalker", "Twin Peaks"]
    assert await catalogue.titles(genre_ids_all=[science, drama]) == ["Stalker"]
    assert await catalogue.titles(genre_ids_all=[horror, drama]) == []
    assert await catalogue.titles(genre_ids_none=[science]) == ["Twin Peaks", "Unmade"]
    assert await catalogue.titles(genre_ids_none=[science, drama]) == ["Unmade"]
    assert await catalogue.titles(genre_ids_any=[science, drama], genre_ids_none=[horror]) == ["Stalker", "Twin Peaks"]
    assert await catalogue.titles(genre_ids_any=[2**31 - 1]) == []
    assert len(await catalogue.titles(genre_ids_none=[2**31 - 1])) == 4


async def test_filters_by_people_and_characters_return_their_movies(catalogue: Catalogue) -> None:
    assert await catalogue.titles(director_id=catalogue.ids["Scott"]) == ["Alien"]
    assert await catalogue.titles(director_id=catalogue.ids["Weaver"]) == []
    assert await catalogue.titles(person_id=catalogue.ids["Weaver"]) == ["Alien"]
    assert await catalogue.titles(person_id=catalogue.ids["Scott"]) == ["Alien"]
    assert await catalogue.titles(character_id=catalogue.ids["Ripley"]) == ["Alien", "Unmade"]


async def test_every_filter_at_once_admits_one_movie(catalogue: Catalogue) -> None:
    request = List(
        genre_ids_any=[catalogue.ids["Horror"], catalogue.ids["Drama"]], genre_ids_all=[catalogue.ids["Science"]],
        genre_ids_none=[catalogue.ids["Drama"]], language="en", director_id=catalogue.ids["Scott"],
        person_id=catalogue.ids["Weaver"], character_id=catalogue.ids["Ripley"], year=1979,
        released_from=day(1979, 1, 1),
        released_before=day(1980, 1, 1), duration_min=100, duration_max=120, vote_average_min=8, vote_average_max=9,
        vote_count_min=1, vote_count_max=1000, rating_min=4, rating_max=5, has_poster=True,
        status=movie_pb2.MOVIE_STATUS_RELEASED, media_type=movie_pb2.MEDIA_TYPE_MOVIE,
        budget_min=decimal_pb2.Decimal(value="1"), budget_max=decimal_pb2.Decimal(value="9999999999999999999.99"),
        updated_from=moment(EPOCH), filter='title:"lie"',
    )  # fmt: skip
    for order_by in ("", "rating", "revenue desc", "title"):
        request.order_by = order_by
        answer = await catalogue.client.catalog.ListMovies(request)
        assert [movie.title for movie in answer.movies] == ["Alien"], order_by


async def test_a_popular_genre_follows_the_popularity_and_the_genres(
    catalogue: Catalogue, database: asyncpg.Connection
) -> None:
    async def by_popularity() -> list[str]:
        request = List(genre_ids_any=[catalogue.ids["Drama"]], order_by="popularity desc")
        return [movie.title for movie in (await catalogue.client.catalog.ListMovies(request)).movies]

    async def becomes(titles: list[str]) -> bool:
        # The server drops its cached pages when the notification of a change arrives.
        for _ in range(100):
            if await by_popularity() == titles:
                return True
            await asyncio.sleep(0.05)
        return False

    assert await by_popularity() == ["Twin Peaks", "Stalker"]
    await database.execute("UPDATE movies SET popularity = 5 WHERE title = 'Stalker'")
    assert await becomes(["Stalker", "Twin Peaks"])
    await database.execute("UPDATE movies SET popularity = 9 WHERE title = 'Alien'")
    await database.execute(
        "INSERT INTO movie_genres (movie_id, genre_id) VALUES ($1, $2)", catalogue.ids["Alien"], catalogue.ids["Drama"]
    )
    assert await becomes(["Alien", "Stalker", "Twin Peaks"])
    await database.execute("DELETE FROM movies WHERE title = 'Stalker'")
    assert await becomes(["Alien", "Twin Peaks"])


@pytest.mark.parametrize("genre_first", [True, False])
async def test_concurrent_writes_of_genre_and_popularity_are_consistent(
    database: asyncpg.Connection, database_url: str, *, genre_first: bool
) -> None:
    movie_id, genre_id = await add_movie(database), await add_genre(database, "Drama")
    genre = f"INSERT INTO movie_genres (movie_id, genre_id) VALUES ({movie_id}, {genre_id})"  # noqa: S608 - numbers
    popularity = f"UPDATE movies SET popularity = 9 WHERE id = {movie_id}"  # noqa: S608 - a number
    first, second = (genre, popularity) if genre_first else (popularity, genre)
    other = await asyncpg.connect(database_url)
    async with database.transaction():
        await database.execute(first)
        waiting = asyncio.create_task(other.execute(second))
        await asyncio.wait({waiting}, timeout=0.3)
    await waiting
    await other.close()
    assert await database.fetchval("SELECT popularity FROM movie_genres") == 9


async def test_filters_out_of_their_range_are_refused(client: Client) -> None:
    bad = {
        "country": {"country": "su"},
        "language": {"language": "EN"},
        "year": {"year": 10000},
        "released_from": {"released_from": day(2023, 2, 29)},
        "released_before": {"released_before": day(2023, 0, 0)},
        "duration_min": {"duration_min": -1},
        "vote_average_min": {"vote_average_min": float("nan")},
        "rating_max": {"rating_max": 5.5},
        "rating_min": {"rating_min": float("nan")},
        "budget_min": {"budget_min": decimal_pb2.Decimal(value="1e400")},
        "updated_from": {"updated_from": Timestamp(seconds=2**62)},
        "genre_ids_any": {"genre_ids_any": [1, 1]},
    }
    for field, filters in bad.items():
        refusal = await refused(client.catalog.ListMovies(List(**filters)))  # type: ignore[arg-type]
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID"), field
        assert list(refusal.fields) == [field]


async def test_a_token_is_bound_to_every_filter(catalogue: Catalogue) -> None:
    listing = catalogue.client.catalog.ListMovies
    first = {"language": "en", "filter": "duration > 1"}
    token = (await listing(List(page_size=1, **first))).next_page_token  # type: ignore[arg-type]
    again = {"language": "en", "filter": "(runtime>1)"}
    assert len((await listing(List(page_token=token, **again))).movies) == 1  # type: ignore[arg-type]
    others: list[dict[str, Any]] = [
        {}, {"language": "en"}, {"language": "ru", "filter": "duration > 1"}, {"filter": "duration > 1"},
        {**first, "filter": "duration > 2"}, {**first, "filter": "duration >= 1"}, {**first, "year": 1979},
        {**first, "genre_ids_none": [5]},
    ]  # fmt: skip
    for other in others:
        assert (await refused(listing(List(page_token=token, **other)))).reason == "PAGE_TOKEN_INVALID", other


async def test_a_filtered_page_takes_the_same_queries_for_any_size(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    ids = [await add_movie(database, original_language="en") for _ in range(30)]
    genre = await add_genre(database, "Drama", *ids)
    await client.catalog.ListMovies(List(page_size=30))  # opens the pool and fills the cache
    counts = set()
    for size in (1, 10, 30):
        with queries.counted() as counted:
            await client.catalog.ListMovies(
                List(
                    page_size=size, genre_ids_any=[genre], language="en", include_total_size=True,
                    facets=[movies_pb2.FACET_GENRE, movies_pb2.FACET_DECADE, movies_pb2.FACET_LANGUAGE],
                )
            )  # fmt: skip
        counts.add(counted.total)
    assert len(counts) == 1
    # Each of the five is planned for its values, which takes one more statement.
    assert counts.pop() == 10
