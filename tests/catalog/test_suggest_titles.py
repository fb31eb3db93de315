"""SuggestTitles: suggestions while a user types."""

from __future__ import annotations

from datetime import date

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import search_pb2

from tests.catalogue import add_movie, add_person
from tests.client import Client, refused

Suggest = search_pb2.SuggestTitlesRequest


@pytest.fixture
async def movies(database: asyncpg.Connection) -> dict[str, int]:
    """Some movies by title."""
    popularity = {"The Matrix": 90.0, "Maid in Manhattan": 20.0, "Amélie": 60.0, "The Big Mamma": 10.0, "1984": 5.0}
    ids = {title: await add_movie(database, title, popularity=value) for title, value in popularity.items()}
    director_id = await add_person(database, "Mabel")
    dated = "UPDATE movies SET release_date = $1, director_id = $2 WHERE id = $3"
    await database.execute(dated, date(2001, 4, 25), director_id, ids["Amélie"])
    return ids


async def offered(client: Client, prefix: str, limit: int = 0) -> list[str]:
    answer = await client.catalog.SuggestTitles(Suggest(prefix=prefix, limit=limit))
    return [suggestion.title.text for suggestion in answer.suggestions]


@pytest.mark.usefixtures("movies")
@pytest.mark.parametrize(
    ("prefix", "titles"),
    [
        ("ma", ["The Matrix", "Maid in Manhattan", "The Big Mamma"]),
        ("the ma", ["The Matrix", "Maid in Manhattan", "The Big Mamma"]),
        ("maid in m", ["Maid in Manhattan"]),
        ("in man", ["Maid in Manhattan"]),
        ("ame", ["Amélie"]),
        ("AMÉ", ["Amélie"]),
        ("198", ["1984"]),
        ("1984", ["1984"]),
        ("manhattan maid", []),
        ("atrix", []),
        ("%", []),
        (" ", []),
    ],
)
async def test_titles_with_a_word_of_this_prefix_are_suggested_most_popular_first(
    client: Client, prefix: str, titles: list[str]
) -> None:
    assert await offered(client, prefix) == titles


async def test_a_suggestion_has_the_movie_its_year_and_a_highlight(client: Client, movies: dict[str, int]) -> None:
    answer = await client.catalog.SuggestTitles(Suggest(prefix="am"))
    expected = search_pb2.TitleSuggestion(
        movie_id=movies["Amélie"],
        title=search_pb2.Highlight(text="Amélie", spans=[search_pb2.Span(start=0, length=2)]),
        year=2001,
    )
    assert list(answer.suggestions) == [expected]


async def test_the_default_is_10_suggestions_and_the_maximum_20(client: Client, database: asyncpg.Connection) -> None:
    await database.execute("INSERT INTO movies (title) SELECT 'Film ' || n FROM generate_series(1, 30) n")
    assert [len(await offered(client, "fi", limit)) for limit in (0, 1, 20, 1000)] == [10, 1, 20, 20]
    refusal = await refused(client.catalog.SuggestTitles(Suggest(prefix="fi", limit=-1)))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_rare_title_is_suggested_after_many_popular_ones(client: Client, database: asyncpg.Connection) -> None:
    await database.execute(
        "INSERT INTO movies (title, popularity) SELECT 'Film ' || n, 10 FROM generate_series(1, 2500) n"
    )
    await add_movie(database, "Zardoz")
    assert await offered(client, "z") == ["Zardoz"]


@pytest.mark.usefixtures("movies")
@pytest.mark.parametrize("prefix", ["'", "\\", "\\'", "& |", ":*", "x" * 200, "\U0001f3ac" * 200, "_", "\u0301"])
async def test_any_text_is_a_prefix(client: Client, prefix: str) -> None:
    await offered(client, prefix)
    assert await offered(client, "matr") == ["The Matrix"]
