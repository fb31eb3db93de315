"""ListSimilarMovies: by the model if it knows the movie, else by content."""

from __future__ import annotations

import asyncpg
import grpc
import pytest

from tests.catalogue import add_cast, add_character, add_genre, add_movie, add_person
from tests.client import Client, refused
from tests.recommendations.calls import add_ranked_movies, favor, ids, similar
from tests.recommendations.models import activate, wait_until


async def test_the_model_determines_similar_movies_of_known_ones(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 4)
    await add_genre(database, "Drama", movies[0], movies[1])
    await activate(database, {}, similar={movies[0]: {movies[3]: 0.9, movies[2]: 0.25}})

    async def is_loaded() -> bool:
        return ids(await similar(client, movies[0])) == [movies[3], movies[2]]

    await wait_until(is_loaded)
    page = await similar(client, movies[0])
    assert [item.similarity for item in page.movies] == pytest.approx([0.9, 0.25])


async def test_without_a_model_genres_and_people_determine_similarity(
    client: Client, database: asyncpg.Connection
) -> None:
    director, actor = await add_person(database, "Ada"), await add_person(database, "Grace")
    movie = await add_movie(database, "First", director_id=director)
    same_genre = await add_movie(database, "Same genre")
    same_people = await add_movie(database, "Same people", director_id=actor)
    both = await add_movie(database, "Both", director_id=director)
    await add_movie(database, "Neither")
    hero = await add_character(database)
    for movie_id in (movie, both):
        await add_cast(database, movie_id, hero, actor)
    await add_genre(database, "Drama", movie, same_genre, both)
    page = await similar(client, movie)
    assert ids(page) == [both, same_genre, same_people]
    assert all(0 < item.similarity <= 1 for item in page.movies)


async def test_a_movie_unknown_to_the_model_has_similar_movies_by_content(
    client: Client, database: asyncpg.Connection
) -> None:
    movies = await add_ranked_movies(database, 4)
    await add_genre(database, "Drama", *movies[2:])
    await activate(database, {}, similar={movies[0]: {movies[1]: 0.5}})

    async def is_loaded() -> bool:
        page = await similar(client, movies[0])
        return len(page.movies) == 1

    await wait_until(is_loaded)
    assert ids(await similar(client, movies[2])) == [movies[3]]


async def test_an_unknown_movie_is_not_found(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 3)
    await add_genre(database, "Drama", *movies)
    token = (await similar(client, movies[0], page_size=1)).next_page_token
    await database.execute("DELETE FROM movies WHERE id = $1", movies[0])
    for attempt in (similar(client, 999), similar(client, movies[0]), similar(client, movies[0], page_token=token)):
        refusal = await refused(attempt)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")


async def test_pages_and_filters(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 6)
    foreign = await add_movie(database, original_language="fr")
    await add_genre(database, "Drama", *movies, foreign)
    horror = await add_genre(database, "Horror", movies[5])
    request = {"genre_ids_none": [horror], "page_size": 3}
    first = await similar(client, movies[0], **request)
    second = await similar(client, movies[0], **request, page_token=first.next_page_token)
    assert ids(first) + ids(second) == [*movies[1:5], foreign]
    assert [item.similarity for item in (*first.movies, *second.movies)] == pytest.approx([0.6] * 5)
    assert ids(await similar(client, movies[0], language="fr")) == [foreign]
    refusal = await refused(similar(client, movies[1], **request, page_token=first.next_page_token))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_a_movie_without_similar_ones_has_an_empty_page(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 3)
    page = await similar(client, movies[0])
    assert (len(page.movies), page.next_page_token) == (0, "")


async def test_a_signed_in_caller_sees_their_viewer_state(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 2)
    await add_genre(database, "Drama", *movies)
    user = await client.registered()
    await favor(database, user, movies[1])
    assert (await similar(user, movies[0])).movies[0].movie.viewer.is_favorite
