"""Public reviews of a movie."""

from __future__ import annotations

import asyncpg
import grpc
import pytest
from marquee.favorites.v1 import rating_pb2, review_pb2

from tests.catalogue import add_movie
from tests.client import Client, refused

List = review_pb2.ListMovieReviewsRequest
Rate = rating_pb2.RateMovieRequest


async def test_reviews_contain_only_the_text_and_the_name_of_the_author(
    client: Client, database: asyncpg.Connection
) -> None:
    movie_id, other_id = await add_movie(database), await add_movie(database)
    ada, bob = await client.registered("ada"), await client.registered("bob")
    made = (await ada.favorites.RateMovie(Rate(movie_id=movie_id, rating=4, review="Fine."))).rating
    await bob.favorites.RateMovie(Rate(movie_id=movie_id, rating=5))
    await bob.favorites.RateMovie(Rate(movie_id=other_id, rating=5, review="Other"))
    answer = await client.favorites.ListMovieReviews(List(movie_id=movie_id))
    assert list(answer.reviews) == [
        review_pb2.Review(
            rating=4, review="Fine.", author="ada", create_time=made.create_time, update_time=made.update_time
        )
    ]
    assert b"example.org" not in answer.SerializeToString()
    await database.execute("UPDATE users SET is_active = false WHERE id = $1", ada.user_id)
    assert not (await client.favorites.ListMovieReviews(List(movie_id=movie_id))).reviews


async def test_an_unknown_movie_is_not_found(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    assert not (await client.favorites.ListMovieReviews(List(movie_id=movie_id))).reviews
    refusal = await refused(client.favorites.ListMovieReviews(List(movie_id=movie_id + 1)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (List(), ["5", "4", "3", "2", "1"]),
        (List(order_by="create_time"), ["1", "2", "3", "4", "5"]),
        (List(order_by="rating desc"), ["4", "2", "1", "5", "3"]),
        (List(order_by="rating"), ["3", "5", "1", "2", "4"]),
        (List(rating_min=3, rating_max=4), ["2", "1"]),
        (List(rating_min=3, order_by="rating desc"), ["4", "2", "1"]),
    ],
)
async def test_orders_and_filters_are_the_same_across_pages(
    client: Client, database: asyncpg.Connection, asked: review_pb2.ListMovieReviewsRequest, expected: list[str]
) -> None:
    movie_id = await add_movie(database)
    await database.execute(
        "INSERT INTO users (username, email_encrypted, email_hash, password_hash)"
        " SELECT 'user' || n, '', sha256(n::text::bytea), '' FROM generate_series(1, 6) AS n"
    )
    await database.execute(
        "INSERT INTO movie_ratings (user_id, movie_id, rating, review) SELECT id, $1,"
        " (ARRAY[3, 4, 1, 5, 2, 5])[n], CASE WHEN n < 6 THEN n::text ELSE '' END"
        " FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM users) AS numbered ORDER BY n",
        movie_id,
    )
    asked.movie_id = movie_id
    for size in (1, 2, 20):
        asked.page_size = size
        asked.page_token = ""
        seen: list[str] = []
        while not seen or asked.page_token:
            page = await client.favorites.ListMovieReviews(asked)
            seen += [review.review for review in page.reviews]
            asked.page_token = page.next_page_token
        assert seen == expected


async def test_a_page_token_is_valid_only_for_its_movie_and_order(client: Client, database: asyncpg.Connection) -> None:
    one, two = await add_movie(database), await add_movie(database)
    for _ in range(2):
        user = await client.registered()
        for movie_id in (one, two):
            await user.favorites.RateMovie(Rate(movie_id=movie_id, rating=4, review="Fine."))
    token = (await client.favorites.ListMovieReviews(List(movie_id=one, page_size=1))).next_page_token
    for asked in (List(movie_id=two), List(movie_id=one, order_by="rating"), List(movie_id=one, rating_min=2)):
        asked.page_token = token
        assert (await refused(client.favorites.ListMovieReviews(asked))).reason == "PAGE_TOKEN_INVALID"
    assert (await refused(client.favorites.ListMovieReviews(List(movie_id=one, order_by="title")))).reason == (
        "ORDER_BY_INVALID"
    )
