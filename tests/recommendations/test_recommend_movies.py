"""RecommendMovies: order, reasons, exclusions and filters."""

from __future__ import annotations

from typing import Any

import asyncpg
import grpc
from marquee.users.v1 import users_pb2

from tests.catalogue import add_genre, add_movie
from tests.client import Client, refused
from tests.queries import QueryCount
from tests.recommendations.calls import (
    add_ranked_movies,
    dismiss,
    favor,
    rate,
    recommend,
    recommended,
    restore,
    watch_later,
)
from tests.recommendations.models import activate, wait_until


async def wait_until_first(user: Client, movie_id: int) -> None:
    """Waits until the server recommends a movie first, after it has loaded a model or an index."""

    async def is_first() -> bool:
        return recommended(await recommend(user))[:1] == [movie_id]

    await wait_until(is_first)


async def set_favorite_genres(user: Client, *genre_ids: int) -> None:
    await user.users.UpdateProfile(users_pb2.UpdateProfileRequest(favorite_genre_ids=genre_ids))


async def test_a_user_without_history_gets_movies_with_many_high_votes(
    client: Client, database: asyncpg.Connection
) -> None:
    single = await add_movie(database, "One enthusiast", vote_average=10, vote_count=1)
    good = await add_movie(database, "Good", vote_average=8.5, vote_count=5000)
    bad = await add_movie(database, "Bad", vote_average=3, vote_count=5000)
    user = await client.registered()
    page = await recommend(user)
    assert recommended(page) == [good, single, bad]
    assert [item.reason.WhichOneof("reason") for item in page.recommendations] == ["popular"] * 3
    assert page.next_page_token == ""


async def test_own_ratings_count_in_addition_to_imported_votes(client: Client, database: asyncpg.Connection) -> None:
    first, second = [await add_movie(database, vote_average=7, vote_count=2) for _ in range(2)]
    for stars in (5, 5):
        await rate(database, await client.registered(), first, stars)
    assert recommended(await recommend(await client.registered())) == [first, second]


async def test_favorite_genres_of_the_profile_come_first(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 4)
    western = await add_genre(database, "Western", movies[3], movies[2])
    user = await client.registered()
    await set_favorite_genres(user, western)
    page = await recommend(user)
    assert recommended(page) == [movies[2], movies[3], movies[0], movies[1]]
    reason = page.recommendations[0].reason.popular_in_genre
    assert (reason.genre_id, reason.name) == (western, "Western")
    assert page.recommendations[2].reason.WhichOneof("reason") == "popular"


async def test_the_model_ranks_by_the_history_and_gives_reasons(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 6)
    user, other = await client.registered(), await client.registered()
    await rate(database, user, movies[0], 5)
    await favor(database, user, movies[1])
    await activate(database, {movies[0]: {movies[5]: 2.0}, movies[1]: {movies[4]: 1.5}})
    await wait_until_first(user, movies[5])
    page = await recommend(user)
    rated, favorite, general = (item.reason for item in page.recommendations[:3])
    assert recommended(page) == [movies[5], movies[4], movies[2], movies[3]]
    assert (rated.rated.movie_id, rated.rated.title, rated.rated.rating) == (movies[0], "Film 0", 5)
    assert (favorite.favorite.movie_id, favorite.favorite.title) == (movies[1], "Film 1")
    assert general.WhichOneof("reason") == "popular"
    assert recommended(await recommend(other)) == movies


async def test_a_low_rating_is_never_a_reason(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 3)
    user = await client.registered()
    await rate(database, user, movies[0], 2)
    await activate(database, {movies[0]: {movies[2]: 9.0}})
    await wait_until_first(user, movies[2])
    page = await recommend(user)
    assert [item.reason.WhichOneof("reason") for item in page.recommendations] == ["popular"] * 2


async def test_a_new_interaction_counts_on_the_next_first_page(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 12)
    user = await client.registered()
    await rate(database, user, movies[0], 5)
    await activate(database, {movies[0]: {movies[10]: 1.0}, movies[1]: {movies[11]: 5.0}})
    await wait_until_first(user, movies[10])
    await favor(database, user, movies[1])
    assert recommended(await recommend(user))[0] == movies[11]


async def test_the_general_quality_counts_less_for_a_longer_history(
    client: Client, database: asyncpg.Connection
) -> None:
    liked = await add_ranked_movies(database, 10)
    weak = await add_movie(database, "Fits a little", vote_average=1, vote_count=1000)
    best = await add_movie(database, "Everyone's", vote_average=9.9, vote_count=1000)
    strong = await add_movie(database, "Fits", vote_average=2, vote_count=1000)
    user = await client.registered()
    await rate(database, user, liked[0], 5)
    await activate(database, {movie_id: {strong: 1.0, weak: 0.6} for movie_id in liked})

    def candidates(page: Any) -> list[int]:
        return [movie_id for movie_id in recommended(page) if movie_id in {weak, strong, best}]

    async def has_model_reason() -> bool:
        page = await recommend(user)
        return any(item.reason.WhichOneof("reason") == "rated" for item in page.recommendations)

    await wait_until(has_model_reason)
    assert candidates(await recommend(user)) == [best, strong, weak]
    for movie_id in liked[1:]:
        await rate(database, user, movie_id, 5)
    assert candidates(await recommend(user)) == [strong, weak, best]


async def test_favorites_and_rated_movies_are_not_recommended(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 4)
    user = await client.registered()
    await favor(database, user, movies[0])
    await rate(database, user, movies[1], 1)
    await rate(database, user, movies[2], 5)
    assert recommended(await recommend(user)) == [movies[3]]


async def test_the_watchlist_is_excluded_unless_requested(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 2)
    user = await client.registered()
    await watch_later(database, user, movies[0])
    assert recommended(await recommend(user)) == [movies[1]]
    page = await recommend(user, include_watchlist=True)
    assert recommended(page) == movies
    assert [item.movie.viewer.in_watchlist for item in page.recommendations] == [True, False]
    assert all(item.movie.HasField("viewer") for item in page.recommendations)


async def test_a_dismissed_movie_is_excluded_until_it_is_restored(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 2)
    user, other = await client.registered(), await client.registered()
    await dismiss(user, movies[0])
    assert recommended(await recommend(user)) == [movies[1]]
    assert recommended(await recommend(other)) == movies
    await restore(user, movies[0])
    assert recommended(await recommend(user)) == movies


async def test_filters_can_be_combined(client: Client, database: asyncpg.Connection) -> None:
    old, new, undated = [
        await database.fetchval(
            "INSERT INTO movies (title, release_date, original_language, vote_average, vote_count)"
            " VALUES ('x', make_date($1, 6, 1), $2, $3, 9) RETURNING id",
            *values,
        )
        for values in ((1960, "fr", 9.0), (2020, "en", 8.0), (None, "en", 7.0))
    ]
    drama = await add_genre(database, "Drama", old, new)
    horror = await add_genre(database, "Horror", new)
    user = await client.registered()
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [old, new, undated]),
        ({"genre_ids_any": [drama]}, [old, new]),
        ({"genre_ids_any": [horror, drama]}, [old, new]),
        ({"genre_ids_none": [horror]}, [old, undated]),
        ({"genre_ids_any": [drama], "genre_ids_none": [horror]}, [old]),
        ({"year_from": 1961}, [new]),
        ({"year_to": 1960}, [old]),
        ({"year_from": 1960, "year_to": 2020}, [old, new]),
        ({"language": "en"}, [new, undated]),
        ({"language": "en", "year_from": 1}, [new]),
        ({"language": "de"}, []),
        ({"genre_ids_any": [horror + 1]}, []),
    ]
    for filters, expected in cases:
        assert recommended(await recommend(user, **filters)) == expected, filters


async def test_an_empty_catalogue_has_an_empty_page(client: Client) -> None:
    page = await recommend(await client.registered())
    assert (recommended(page), page.next_page_token) == ([], "")


async def test_a_deleted_movie_disappears(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 3)
    user = await client.registered()
    assert recommended(await recommend(user)) == movies
    await database.execute("DELETE FROM movies WHERE id = $1", movies[0])
    await wait_until_first(user, movies[1])
    assert recommended(await recommend(user)) == movies[1:]


async def test_the_number_of_queries_does_not_depend_on_the_page(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    movies = await add_ranked_movies(database, 30)
    user = await client.registered()
    for movie_id in movies[:5]:
        await rate(database, user, movie_id, 5)
    await recommend(user, page_size=30)
    with queries.counted() as counted:
        await recommend(user, page_size=25)
    assert counted.total <= 2, counted.sent


async def test_an_unchanged_history_is_read_once(
    client: Client, database: asyncpg.Connection, queries: QueryCount
) -> None:
    movies = await add_ranked_movies(database, 4)
    user = await client.registered()
    await favor(database, user, movies[0])
    first = await recommend(user)
    with queries.counted() as counted:
        assert await recommend(user) == first
    assert [statement for statement in counted.sent if "movie_ratings" in statement] == []
    await favor(database, user, movies[1])
    assert recommended(await recommend(user)) == movies[2:]


async def test_the_call_requires_a_user_and_valid_arguments(client: Client) -> None:
    refusal = await refused(recommend(client))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "AUTHENTICATION_REQUIRED")
    refusal = await refused(recommend(await client.registered(), year_from=-1, language="EN", page_size=-1))
    assert refusal.fields.keys() == {"year_from", "language", "page_size"}
