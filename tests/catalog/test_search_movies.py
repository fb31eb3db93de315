"""SearchMovies: errors in queries, highlights, pages, and hostile queries."""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movie_pb2, search_pb2
from marquee.favorites.v1 import favorites_pb2

from tests.catalogue import add_movie, add_person
from tests.client import Client, refused
from tests.migrations.rows import write
from tests.queries import QueryCount

Search = search_pb2.SearchMoviesRequest
MOVIES: dict[str, dict[str, Any]] = {
    "The Matrix": {"popularity": 100.0, "release_date": date(1999, 3, 31)},
    "The Matrix Reloaded": {"popularity": 70.0, "release_date": date(2003, 5, 15)},
    "Amélie": {"popularity": 60.0, "original_title": "Le Fabuleux Destin d'Amélie Poulain"},
    "Crouching Tiger, Hidden Dragon": {"popularity": 50.0, "original_title": "臥虎藏龍"},
    "Heat": {"popularity": 40.0, "release_date": date(1995, 12, 15)},
    "Heat Wave": {"popularity": 90.0, "release_date": date(2018, 1, 1)},
    "Blade Runner": {"popularity": 65.0, "release_date": date(1982, 6, 25)},
    "Blade Runner 2049": {"popularity": 80.0, "release_date": date(2017, 10, 4)},
    "King Kong": {"popularity": 10.0, "release_date": date(1933, 3, 2)},
    "King  Kong": {"popularity": 30.0, "release_date": date(2005, 12, 14)},
    "1984": {"popularity": 20.0, "release_date": date(1956, 3, 6)},
    "M": {"popularity": 5.0},
    "$": {"popularity": 1.0},
    "Rock & Rule": {"popularity": 2.0},
    "हिन्दी मीडियम": {"popularity": 3.0},
}


@pytest.fixture
async def movies(database: asyncpg.Connection) -> dict[str, int]:
    """Some movies by title; Al Pacino plays in Heat, which Michael Mann directed."""
    director_id = await add_person(database, "Michael", last_name="Mann")
    actor_id = await add_person(database, "Al", last_name="Pacino")
    ids = {title: await add_movie(database, title, **columns) for title, columns in MOVIES.items()}
    await database.execute("UPDATE movies SET director_id = $1 WHERE id = $2", director_id, ids["Heat"])
    await play(database, actor_id, ids["Heat"])
    return ids


async def play(database: asyncpg.Connection, person_id: int, movie_id: int) -> None:
    character_id = await database.fetchval("INSERT INTO characters (name) VALUES ('Somebody') RETURNING id")
    row = {"movie_id": movie_id, "character_id": character_id, "person_id": person_id}
    await write(database, "movie_characters", row)


async def found(client: Client, query: str) -> list[str]:
    answer = await client.catalog.SearchMovies(Search(query=query))
    return [result.movie.title for result in answer.results]


@pytest.mark.usefixtures("movies")
@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("The Matrix", "The Matrix"),
        ("matrix", "The Matrix"),
        ("Matrix, The", "The Matrix"),
        ("the matrix reloaded", "The Matrix Reloaded"),
        ("reloaded matrix", "The Matrix Reloaded"),
        ("matrix relo", "The Matrix Reloaded"),
        ("matrix 2003", "The Matrix Reloaded"),
        ("the matirx", "The Matrix"),
        ("thematrix reloadd", "The Matrix Reloaded"),
        ("matrx relaoded", "The Matrix Reloaded"),
        ("amelie", "Amélie"),
        ("le fabuleux destin", "Amélie"),
        ("fabuleux destin d\u2019amelie", "Amélie"),
        ("臥虎藏龍", "Crouching Tiger, Hidden Dragon"),
        ("croching tiger hiden dragon", "Crouching Tiger, Hidden Dragon"),
        ("hidden dragon crouching tiger", "Crouching Tiger, Hidden Dragon"),
        ("heat", "Heat"),
        ("heat pacino", "Heat"),
        ("al pacino", "Heat"),
        ("michael mann", "Heat"),
        ("micheal man", "Heat"),
        ("al pacinno", "Heat"),
        ("pacino 1995", "Heat"),
        ("blade runner", "Blade Runner"),
        ("blade runner 2049", "Blade Runner 2049"),
        ("blade runer 2049", "Blade Runner 2049"),
        ("blade runner 2017", "Blade Runner 2049"),
        ("1984", "1984"),
        ("m", "M"),
        ("$", "$"),
        ("rock and rule", "Rock & Rule"),
        ("हिन्दी मीडियम", "हिन्दी मीडियम"),
    ],
)
async def test_the_intended_movie_comes_first(client: Client, query: str, title: str) -> None:
    assert (await found(client, query))[:1] == [title]


async def test_for_equal_titles_a_year_and_then_the_popularity_decide(client: Client, movies: dict[str, int]) -> None:
    first = (await client.catalog.SearchMovies(Search(query="king kong"))).results
    assert [result.movie.id for result in first] == [movies["King  Kong"], movies["King Kong"]]
    dated = (await client.catalog.SearchMovies(Search(query="king kong 1933"))).results
    assert [result.movie.id for result in dated] == [movies["King Kong"], movies["King  Kong"]]
    assert dated[0].score > dated[1].score


@pytest.mark.usefixtures("movies")
async def test_a_query_without_similar_titles_finds_nothing(client: Client) -> None:
    assert await found(client, "xylophone quartz") == []
    assert await found(client, "   ") == []


def marked(result: search_pb2.MovieMatch) -> list[str]:
    text = result.highlight.text
    return [text[span.start : span.start + span.length] for span in result.highlight.spans]


@pytest.mark.usefixtures("movies")
@pytest.mark.parametrize(
    ("query", "field", "parts"),
    [
        ("matrix relo", search_pb2.MATCHED_FIELD_TITLE, ["Matrix", "Relo"]),
        ("amelie", search_pb2.MATCHED_FIELD_TITLE, ["Amélie"]),
        ("fabuleux destin", search_pb2.MATCHED_FIELD_ORIGINAL_TITLE, ["Fabuleux", "Destin"]),
        ("croching tigr", search_pb2.MATCHED_FIELD_TITLE, ["Crouching", "Tiger"]),
        ("al pacino", search_pb2.MATCHED_FIELD_PERSON, ["Al", "Pacino"]),
        ("heat pacino", search_pb2.MATCHED_FIELD_TITLE, ["Heat"]),
        ("micheal man", search_pb2.MATCHED_FIELD_PERSON, ["Michael", "Mann"]),
    ],
)
async def test_the_matched_field_is_named_and_highlighted(
    client: Client, query: str, field: int, parts: list[str]
) -> None:
    result = (await client.catalog.SearchMovies(Search(query=query))).results[0]
    assert (result.matched_field, marked(result)) == (field, parts)


@pytest.mark.usefixtures("movies")
async def test_scores_descend_and_are_between_0_and_1(client: Client) -> None:
    for query in ("heat", "matrix", "blade runner 2049", "blad runer", "king kong 1933"):
        scores = [result.score for result in (await client.catalog.SearchMovies(Search(query=query))).results]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score <= 1 for score in scores)


async def fill(database: asyncpg.Connection, count: int) -> None:
    await database.execute(
        "INSERT INTO movies (title, popularity) SELECT 'Night ' || n % 9, n % 7 FROM generate_series(1, $1) n", count
    )


@pytest.mark.parametrize("query", ["night", "nihgt", "night 3"])
async def test_pages_neither_miss_nor_repeat_a_result(client: Client, database: asyncpg.Connection, query: str) -> None:
    await fill(database, 90)
    whole = await client.catalog.SearchMovies(Search(query=query, page_size=100))
    expected = [result.movie.id for result in whole.results]
    assert len(expected) >= 10
    seen: list[int] = []
    token = ""
    while True:
        page = await client.catalog.SearchMovies(Search(query=query, page_size=7, page_token=token))
        seen += [result.movie.id for result in page.results]
        token = page.next_page_token
        if not token:
            break
    assert seen == expected


async def test_all_pages_together_have_at_most_500_results(client: Client, database: asyncpg.Connection) -> None:
    await fill(database, 620)
    seen: set[int] = set()
    token = ""
    for _ in range(7):
        page = await client.catalog.SearchMovies(Search(query="night", page_size=90, page_token=token))
        seen |= {result.movie.id for result in page.results}
        token = page.next_page_token
        if not token:
            break
    assert (len(seen), token) == (500, "")


async def test_a_token_of_another_query_is_refused(client: Client, database: asyncpg.Connection) -> None:
    await fill(database, 9)
    token = (await client.catalog.SearchMovies(Search(query="night", page_size=1))).next_page_token
    refusal = await refused(client.catalog.SearchMovies(Search(query="nights", page_token=token)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_movies_have_the_view_and_the_callers_state(client: Client, movies: dict[str, int]) -> None:
    user = await client.registered()
    await user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=movies["Heat"]))
    result = (await user.catalog.SearchMovies(Search(query="heat", view=movie_pb2.MOVIE_VIEW_FULL))).results[0]
    assert result.movie.viewer.is_favorite
    assert not (await client.catalog.SearchMovies(Search(query="heat"))).results[0].movie.HasField("viewer")


@pytest.mark.usefixtures("movies")
@pytest.mark.parametrize(
    "query",
    [
        *("%", "_", "\\", "'", '"', "a'b\\c", "!!!", "& | ! ( ) :*", "<->", "the", "a", "1999", "1999 2000", "@al"),
        *("x" * 200, "% " * 100, "a b " * 50, "\\' " * 66, "\U0001f3ac" * 200, "\u0301" * 200, "\u202e\ufeff\u200b"),
        *("\ufdfa" * 200, "\u0130\u0131\u00df", "'; DROP TABLE movies; --", "\u6620 " * 100, "\x01\x1f\x7f"),
    ],
)
async def test_any_text_is_a_query(client: Client, query: str) -> None:
    await client.catalog.SearchMovies(Search(query=query))
    assert await found(client, "heat")


async def test_empty_long_and_nul_queries_are_refused(client: Client) -> None:
    for query in ("", "x" * 201, "a\0b"):
        assert (await refused(client.catalog.SearchMovies(Search(query=query)))).code == (
            grpc.StatusCode.INVALID_ARGUMENT
        )


async def test_titles_of_any_kind_can_be_written(client: Client, database: asyncpg.Connection) -> None:
    for title in ("\ufdfa" * 500, "x" * 500, "'\\" * 250, "\u6620" * 500, "\U0001f3ac", " ", "!!!", "a b " * 125):
        await add_movie(database, title, original_title=title[::-1])
    assert len(await found(client, "x" * 200)) == 1


async def test_a_page_takes_the_same_queries_for_any_size(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    await fill(database, 90)
    # From here on, all movies are cached.
    await client.catalog.SearchMovies(Search(query="night", page_size=100))
    for query in ("night", "nihgt"):
        counts = set()
        for size in (1, 10, 50):
            with queries.counted() as counted:
                await client.catalog.SearchMovies(Search(query=query, page_size=size))
            counts.add(counted.total)
        assert len(counts) == 1, (query, counts)
