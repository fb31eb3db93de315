"""Totals and facets of ListMovies: by genre, decade and language."""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
from marquee.catalog.v1 import movies_pb2

from tests.catalogue import add_genre, add_movie
from tests.client import Client

List = movies_pb2.ListMoviesRequest
GENRE, DECADE, LANGUAGE = movies_pb2.FACET_GENRE, movies_pb2.FACET_DECADE, movies_pb2.FACET_LANGUAGE
MANY = """
INSERT INTO movies (title, original_language)
SELECT 'x', CASE WHEN n <= $2 THEN 'en' END FROM generate_series(1, $1) AS n
"""


async def total(client: Client, **filters: Any) -> tuple[int, bool]:
    """Returns a total and whether it is an estimate."""
    answer = await client.catalog.ListMovies(List(page_size=1, include_total_size=True, **filters))
    return answer.total_size.count, answer.total_size.is_estimate


async def facets(client: Client, *asked: movies_pb2.Facet.ValueType, **filters: Any) -> list[dict[str, int]]:
    """Returns the counts of facets, with the values of each in order."""
    answer = await client.catalog.ListMovies(List(page_size=1, facets=asked, **filters))
    assert [counts.facet for counts in answer.facets] == list(asked)
    assert not any(counts.is_partial for counts in answer.facets)
    return [{value.value: value.count for value in counts.values} for counts in answer.facets]


async def test_a_total_is_given_only_when_it_is_asked_for(client: Client) -> None:
    assert not (await client.catalog.ListMovies(List())).HasField("total_size")
    assert not (await client.catalog.ListMovies(List())).facets
    assert await total(client) == (0, False)


async def test_the_total_counts_all_pages_of_the_filter(client: Client, database: asyncpg.Connection) -> None:
    await database.execute(MANY, 30, 12)
    first = await client.catalog.ListMovies(List(page_size=20, include_total_size=True))
    second = await client.catalog.ListMovies(
        List(page_size=20, include_total_size=True, page_token=first.next_page_token)
    )
    assert (first.total_size.count, second.total_size.count) == (30, 30)
    assert await total(client, language="en") == (12, False)
    assert await total(client, language="fr") == (0, False)
    assert await total(client, filter="language != en") == (18, False)


async def test_ten_thousand_are_counted_and_one_more_is_estimated(client: Client, database: asyncpg.Connection) -> None:
    await database.execute(MANY, 12_500, 10_000)
    await database.execute("ANALYZE movies")
    assert await total(client, language="en") == (10_000, False)
    await database.execute("INSERT INTO movies (title, original_language) VALUES ('x', 'en')")
    count, is_estimate = await total(client, language="en")
    assert is_estimate
    assert 10_001 <= count <= 12_501
    count, is_estimate = await total(client)
    assert is_estimate
    assert abs(count - 12_501) < 500


async def test_facets_count_the_matching_movies(client: Client, database: asyncpg.Connection) -> None:
    films: list[tuple[str | None, date | None]] = [
        ("en", date(1990, 1, 1)), ("en", date(1999, 12, 31)), ("fr", date(2000, 1, 1)), (None, None),
        ("de", date(1, 1, 1)), ("de", date(9999, 12, 31)), ("en", date(1989, 12, 31)),
    ]  # fmt: skip
    ids = [await add_movie(database, original_language=language, release_date=released) for language, released in films]
    drama = await add_genre(database, "Drama", *ids[:3])
    await add_genre(database, "War", ids[0])
    await add_genre(database, "Empty")
    genres, decades, languages = await facets(client, GENRE, DECADE, LANGUAGE)
    assert list(genres.items()) == [("Drama", 3), ("War", 1)]
    assert list(decades.items()) == [("1990", 2), ("0", 1), ("1980", 1), ("2000", 1), ("9990", 1)]
    assert list(languages.items()) == [("en", 3), ("de", 2), ("fr", 1)]
    assert await facets(client, LANGUAGE, GENRE, genre_ids_any=[drama], year=1990) == [
        {"en": 1},
        {"Drama": 1, "War": 1},
    ]
    assert await facets(client, DECADE, filter="genre:Empty") == [{}]
    answer = await client.catalog.ListMovies(List(facets=[GENRE]))
    assert answer.facets[0].values[0].genre_id == drama


async def test_a_facet_counts_a_limited_number_of_movies_and_is_then_partial(
    client: Client, database: asyncpg.Connection
) -> None:
    await database.execute(MANY, 50_000, 50_000)
    answer = await client.catalog.ListMovies(List(page_size=1, facets=[LANGUAGE]))
    assert not answer.facets[0].is_partial
    assert answer.facets[0].values[0].count == 50_000
    await database.execute(MANY, 10, 10)
    counts = (await client.catalog.ListMovies(List(page_size=1, facets=[LANGUAGE]))).facets[0]
    assert counts.is_partial
    assert counts.values[0].count == 50_000
    await database.execute("INSERT INTO genres (id, name) VALUES (1, 'Drama')")
    await database.execute("INSERT INTO movie_genres (movie_id, genre_id) SELECT id, 1 FROM movies")
    counts = (await client.catalog.ListMovies(List(page_size=1, facets=[GENRE]))).facets[0]
    assert (counts.is_partial, counts.values[0].count) == (False, 50_010)
