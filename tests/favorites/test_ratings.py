"""Ratings of a user."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.catalog.v1 import movies_pb2
from marquee.favorites.v1 import rating_pb2, review_pb2
from marquee.users.v1 import users_pb2

from tests.catalogue import add_movie
from tests.client import PASSWORD, Client, refused

Rate = rating_pb2.RateMovieRequest
Update = rating_pb2.UpdateRatingRequest
Delete = rating_pb2.DeleteRatingRequest
Get = rating_pb2.GetRatingRequest
CODES = grpc.StatusCode


async def summary(client: Client, movie_id: int) -> review_pb2.RatingSummary:
    """Returns a movie's rating totals."""
    answer = await client.favorites.GetRatingSummary(review_pb2.GetRatingSummaryRequest(movie_id=movie_id))
    figures: review_pb2.RatingSummary = answer.summary
    return figures


async def test_a_rating_can_be_created_read_updated_and_deleted(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user, other = await client.registered(), await client.registered()
    made = (await user.favorites.RateMovie(Rate(movie_id=movie_id, rating=4, review="Fine."))).rating
    assert (made.movie_id, made.rating, made.review) == (movie_id, 4, "Fine.")
    assert (await user.favorites.GetRating(Get(movie_id=movie_id))).rating == made
    changed = (await user.favorites.UpdateRating(Update(movie_id=movie_id, rating=2))).rating
    assert (changed.rating, changed.review, changed.create_time) == (2, "Fine.", made.create_time)
    assert changed.update_time.ToDatetime() > made.update_time.ToDatetime()
    for call in (
        other.favorites.GetRating(Get(movie_id=movie_id)),
        other.favorites.UpdateRating(Update(movie_id=movie_id, rating=1)),
        other.favorites.DeleteRating(Delete(movie_id=movie_id)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (CODES.NOT_FOUND, "RATING_NOT_FOUND")
    assert (await user.favorites.GetRating(Get(movie_id=movie_id))).rating == changed
    await user.favorites.DeleteRating(Delete(movie_id=movie_id))
    for call in (
        user.favorites.GetRating(Get(movie_id=movie_id)),
        user.favorites.DeleteRating(Delete(movie_id=movie_id)),
    ):
        assert (await refused(call)).reason == "RATING_NOT_FOUND"


async def test_a_second_rating_of_the_same_movie_is_refused(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    await user.favorites.RateMovie(Rate(movie_id=movie_id, rating=4))
    refusal = await refused(user.favorites.RateMovie(Rate(movie_id=movie_id, rating=5)))
    assert (refusal.code, refusal.reason) == (CODES.ALREADY_EXISTS, "RATING_EXISTS")
    assert (await user.favorites.GetRating(Get(movie_id=movie_id))).rating.rating == 4
    refusal = await refused(user.favorites.RateMovie(Rate(movie_id=movie_id + 1, rating=5)))
    assert (refusal.code, refusal.reason) == (CODES.NOT_FOUND, "MOVIE_NOT_FOUND")


async def test_allow_missing_creates_or_updates_a_rating(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    mask = FieldMask(paths=["review"])
    request = Update(movie_id=movie_id, rating=4, review="So", update_mask=mask, allow_missing=True)
    made = (await user.favorites.UpdateRating(request)).rating
    assert (made.rating, made.review) == (4, "So")
    request = Update(movie_id=movie_id, rating=1, review="No", update_mask=mask, allow_missing=True)
    changed = (await user.favorites.UpdateRating(request)).rating
    assert (changed.rating, changed.review, changed.create_time) == (4, "No", made.create_time)
    refusal = await refused(user.favorites.UpdateRating(Update(movie_id=99, rating=1, allow_missing=True)))
    assert refusal.reason == "MOVIE_NOT_FOUND"
    assert list((await summary(client, movie_id)).distribution) == [0, 0, 0, 1, 0]


async def test_only_fields_in_the_mask_change(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    made = (await user.favorites.RateMovie(Rate(movie_id=movie_id, rating=4, review="Fine."))).rating
    assert (await user.favorites.UpdateRating(Update(movie_id=movie_id))).rating == made
    emptied = Update(movie_id=movie_id, rating=1, update_mask=FieldMask(paths=["review"]))
    changed = (await user.favorites.UpdateRating(emptied)).rating
    assert (changed.rating, changed.review) == (4, "")
    strange = Update(movie_id=movie_id, rating=1, update_mask=FieldMask(paths=["movie_id"]))
    assert (await refused(user.favorites.UpdateRating(strange))).fields == {
        "update_mask.paths[0]": "update_mask.allowed"
    }
    for bad in (
        Update(movie_id=movie_id, update_mask=FieldMask(paths=["rating"])),
        Update(movie_id=movie_id, review="x", allow_missing=True),
    ):
        assert (await refused(user.favorites.UpdateRating(bad))).fields == {"": "rating.given"}


async def test_a_stale_etag_changes_nothing(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    made = (await user.favorites.RateMovie(Rate(movie_id=movie_id, rating=4))).rating
    changed = (await user.favorites.UpdateRating(Update(movie_id=movie_id, rating=3, etag=made.etag))).rating
    assert changed.etag != made.etag
    for call in (
        user.favorites.UpdateRating(Update(movie_id=movie_id, rating=1, etag=made.etag)),
        user.favorites.UpdateRating(Update(movie_id=movie_id, rating=1, etag=made.etag, allow_missing=True)),
        user.favorites.UpdateRating(Update(movie_id=movie_id, etag=made.etag)),
        user.favorites.DeleteRating(Delete(movie_id=movie_id, etag=made.etag)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (CODES.ABORTED, "ETAG_STALE")
    assert (await user.favorites.GetRating(Get(movie_id=movie_id))).rating == changed
    await user.favorites.DeleteRating(Delete(movie_id=movie_id, etag=changed.etag))
    gone = user.favorites.UpdateRating(Update(movie_id=movie_id, rating=1, etag=changed.etag, allow_missing=True))
    assert (await refused(gone)).reason == "RATING_NOT_FOUND"


@pytest.mark.parametrize("rating", [-1, 0, 6])
async def test_a_rating_outside_1_to_5_is_refused(client: Client, rating: int) -> None:
    refusal = await refused((await client.registered()).favorites.RateMovie(Rate(movie_id=1, rating=rating)))
    assert (refusal.code, set(refusal.fields)) == (CODES.INVALID_ARGUMENT, {"rating"})


async def test_an_invalid_review_is_refused_and_a_valid_one_normalized(
    client: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    for review, rule in (("a\0b", "string.no_nul"), ("x" * 10_001, "string.max_len")):
        refusal = await refused(user.favorites.RateMovie(Rate(movie_id=movie_id, rating=4, review=review)))
        assert refusal.fields == {"review": rule}
    made = await user.favorites.RateMovie(Rate(movie_id=movie_id, rating=4, review="Cafe\u0301"))
    assert made.rating.review == "Caf\u00e9"
    blank = await user.favorites.UpdateRating(Update(movie_id=movie_id, review=" \n"))
    assert blank.rating.review == ""


async def test_validate_only_changes_nothing_and_a_repeat_gets_the_first_response(
    client: Client, database: asyncpg.Connection
) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    await user.favorites.RateMovie(Rate(movie_id=movie_id, rating=4, validate_only=True))
    assert (await refused(user.favorites.GetRating(Get(movie_id=movie_id)))).reason == "RATING_NOT_FOUND"
    request = Rate(movie_id=movie_id, rating=4, request_id=str(uuid4()))
    first = await user.favorites.RateMovie(request)
    assert await user.favorites.RateMovie(request) == first
    await user.favorites.UpdateRating(Update(movie_id=movie_id, rating=1, validate_only=True))
    await user.favorites.DeleteRating(Delete(movie_id=movie_id, validate_only=True))
    assert (await user.favorites.GetRating(Get(movie_id=movie_id))).rating == first.rating


async def test_rating_totals_change_and_the_movie_does_not(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    users = [await client.registered() for _ in range(3)]
    row = "SELECT xmin::text, ctid::text, m.* FROM movies AS m WHERE id = $1"
    before = await database.fetchrow(row, movie_id)
    none = await summary(client, movie_id)
    assert (none.count, none.average, list(none.distribution)) == (0, 0.0, [0] * 5)
    for user, rating in zip(users, (5, 4, 4), strict=True):
        await user.favorites.RateMovie(Rate(movie_id=movie_id, rating=rating))
    await users[0].favorites.UpdateRating(Update(movie_id=movie_id, rating=2))
    figures = await summary(client, movie_id)
    assert (figures.count, list(figures.distribution)) == (3, [0, 1, 0, 2, 0])
    assert figures.average == pytest.approx(10 / 3)
    # The caches of this worker are invalidated at once.
    got = (await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie
    assert (got.rating.count, got.rating.average) == (3, pytest.approx(10 / 3))
    await users[1].users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password=PASSWORD))
    await users[2].favorites.DeleteRating(Delete(movie_id=movie_id))
    assert list((await summary(client, movie_id)).distribution) == [0, 1, 0, 0, 0]
    assert await database.fetchrow(row, movie_id) == before
    refusal = await refused(summary(client, movie_id + 1))
    assert (refusal.code, refusal.reason) == (CODES.NOT_FOUND, "MOVIE_NOT_FOUND")
