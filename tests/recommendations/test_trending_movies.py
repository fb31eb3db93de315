"""ListTrendingMovies: recent interactions count, older ones less, and only within the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from marquee.recommendations.v1 import recommendations_pb2
from marquee.users.v1 import users_pb2

from service.recommendations.trending import SUMS
from tests.catalogue import add_genre, add_movie
from tests.client import PASSWORD, Client, refused
from tests.recommendations.calls import add_ranked_movies, favor, ids, rate, trending, watch_later
from tests.recommendations.models import wait_until

DAY = recommendations_pb2.TRENDING_WINDOW_DAY
WEEK = recommendations_pb2.TRENDING_WINDOW_WEEK
MONTH = recommendations_pb2.TRENDING_WINDOW_MONTH
SPANS = {DAY: timedelta(days=1), WEEK: timedelta(days=7), MONTH: timedelta(days=30)}


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


async def test_movies_with_interactions_are_first_then_movies_by_quality(
    client: Client, database: asyncpg.Connection
) -> None:
    movies = await add_ranked_movies(database, 6)
    user, other = await client.registered(), await client.registered()
    await favor(database, user, movies[5])
    await rate(database, other, movies[5], 5)
    await rate(database, user, movies[4], 4)
    await watch_later(database, user, movies[3])
    page = await trending(client)
    assert ids(page) == [movies[5], movies[4], movies[3], *movies[:3]]
    scores = [item.score for item in page.movies]
    assert scores == pytest.approx([4, 2, 1, 0, 0, 0], abs=0.01)


@pytest.mark.parametrize("window", SPANS)
async def test_an_interaction_counts_half_after_a_quarter_of_the_window_and_ends_with_it(
    client: Client, database: asyncpg.Connection, window: Any
) -> None:
    span = SPANS[window]
    quarter, almost_expired, expired, future = await add_ranked_movies(database, 4)
    user = await client.registered()
    now = datetime.now(UTC)
    await favor(database, user, quarter, created_at=now - span / 4)
    await watch_later(database, user, almost_expired, created_at=now - span * 0.99)
    await favor(database, user, expired, created_at=now - span * 1.01)
    await favor(database, user, future, created_at=now + timedelta(hours=1))
    found = {item.movie.id: item.score for item in (await trending(client, window=window)).movies}
    assert found == pytest.approx({quarter: 1.0, almost_expired: 0.5**3.96, expired: 0.0, future: 0.0}, abs=0.01)


async def test_a_week_is_the_default(client: Client, database: asyncpg.Connection) -> None:
    older, newer = await add_ranked_movies(database, 2)
    user = await client.registered()
    await watch_later(database, user, newer, created_at=ago(days=6))
    await favor(database, user, older, created_at=ago(days=8))
    assert ids(await trending(client)) == ids(await trending(client, window=WEEK)) == [newer, older]
    assert ids(await trending(client, window=MONTH)) == [older, newer]


async def test_equal_scores_are_ordered_by_quality(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 4)
    user, same_moment = await client.registered(), ago(hours=1)
    for movie_id in reversed(movies):
        await favor(database, user, movie_id, created_at=same_moment)
    assert ids(await trending(client)) == movies


async def test_interactions_of_erased_users_do_not_count(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 2)
    user = await client.registered()
    await favor(database, user, movies[1])
    await user.users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password=PASSWORD))
    page = await trending(client)
    assert (ids(page), [item.score for item in page.movies]) == (movies, [0, 0])


async def test_the_scores_are_cached_for_each_window(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 2)
    user = await client.registered()
    assert ids(await trending(client, window=DAY)) == movies
    await favor(database, user, movies[1])
    assert ids(await trending(client, window=DAY)) == movies
    assert ids(await trending(client, window=WEEK)) == movies[::-1]


async def test_filters_and_pages(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 5, original_language="en")
    other = await add_movie(database, "Autre", original_language="fr")
    genre = await add_genre(database, "Drama", *movies[:4])
    await favor(database, await client.registered(), movies[3])
    request = {"genre_ids_any": [genre], "language": "en", "page_size": 2}
    first = await trending(client, **request)
    second = await trending(client, **request, page_token=first.next_page_token)
    assert ids(first) + ids(second) == [movies[3], *movies[:3]]
    assert second.next_page_token == ""
    assert ids(await trending(client, language="fr")) == [other]
    refusal = await refused(trending(client, **request, window=DAY, page_token=first.next_page_token))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_deleted_movies_disappear(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 2)
    assert ids(await trending(client)) == movies
    await database.execute("DELETE FROM movies WHERE id = $1", movies[0])

    async def is_gone() -> bool:
        return ids(await trending(client)) == movies[1:]

    await wait_until(is_gone)


async def test_a_signed_in_caller_sees_their_viewer_state(client: Client, database: asyncpg.Connection) -> None:
    movies = await add_ranked_movies(database, 2)
    user = await client.registered()
    await favor(database, user, movies[1])
    page = await trending(user)
    assert [item.movie.viewer.is_favorite for item in page.movies] == [True, False]
    assert not (await trending(client)).movies[0].movie.HasField("viewer")


async def test_a_window_is_read_only_from_the_indexes_by_time(database: asyncpg.Connection) -> None:
    await database.execute("SET enable_seqscan = off")
    await database.execute("SET enable_bitmapscan = off")
    await database.execute("SET plan_cache_mode = force_generic_plan")
    await database.execute(f"PREPARE sums (float8, float8) AS {SUMS}")
    plan = "\n".join(row[0] for row in await database.fetch("EXPLAIN EXECUTE sums (604800, 151200)"))
    for index in ("ix_favorite_movies_created", "ix_movie_ratings_created", "ix_watchlist_items_created"):
        assert f"Index Only Scan using {index}" in plan, plan
