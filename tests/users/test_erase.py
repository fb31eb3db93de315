"""DeleteAccount: only the owner can erase an account, and it takes effect everywhere at once."""

from __future__ import annotations

import asyncio

import asyncpg
import grpc
import pytest
from marquee.users.v1 import users_pb2

from tests.catalogue import add_movie
from tests.client import PASSWORD, Client, refused
from tests.media.uploads import register, uploaded
from tests.outage import seconds_until

RIGHT = users_pb2.DeleteAccountRequest(current_password=PASSWORD)
RATING_FIGURES = """
SELECT s.movie_id FROM movie_stats AS s LEFT JOIN (
    SELECT movie_id, count(*) AS number, sum(rating) AS total FROM movie_ratings GROUP BY movie_id
) AS r ON r.movie_id = s.movie_id
WHERE (rating_count, rating_sum) <> (coalesce(number, 0), coalesce(total, 0))
"""


async def test_erasure_needs_the_password(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    refusal = await refused(user.users.DeleteAccount(users_pb2.DeleteAccountRequest(current_password="wrong")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PASSWORD_WRONG")
    assert await database.fetchval("SELECT count(*) FROM users") == 1
    assert (await user.users.GetProfile(users_pb2.GetProfileRequest())).user.id == user.user_id


async def test_every_token_of_an_erased_user_is_refused(client: Client) -> None:
    user = await client.registered()
    elsewhere = await client.login(user)
    await user.users.DeleteAccount(RIGHT)
    for session in (user, elsewhere):
        refresh = users_pb2.RefreshTokensRequest(refresh_token=session.refresh_token)
        assert (await refused(client.users.RefreshTokens(refresh))).reason == "TOKEN_INVALID"

        async def is_refused(session: Client = session) -> bool:
            refusal = await refused(session.users.GetProfile(users_pb2.GetProfileRequest()))
            return refusal.reason == "TOKEN_INVALID"

        # Before the worker has read the revocation, the missing account causes the refusal.
        await seconds_until(is_refused)
    repeat = await refused(user.users.DeleteAccount(RIGHT))
    assert repeat.code is grpc.StatusCode.UNAUTHENTICATED
    login = users_pb2.LoginRequest(login=user.username, password=PASSWORD)
    assert (await refused(client.users.Login(login))).reason == "CREDENTIALS_INVALID"


async def test_name_and_address_of_an_erased_user_can_be_registered_again(client: Client) -> None:
    user = await client.registered("theodora")
    await user.users.DeleteAccount(RIGHT)
    again = await client.registered("Theodora")
    assert again.user_id != user.user_id
    assert (await again.users.ListSessions(users_pb2.ListSessionsRequest())).sessions[0].is_current


async def test_rating_figures_of_movies_stay_exact(client: Client, database: asyncpg.Connection) -> None:
    user, other = await client.registered(), await client.registered()
    await database.execute("INSERT INTO movies (title) SELECT n::text FROM generate_series(1, 2000) AS n")
    for rater in (user, other):
        await database.execute(
            "INSERT INTO movie_ratings (user_id, movie_id, rating) SELECT $1, id, 1 + id % 5 FROM movies"
            " WHERE id % $1 = 0",
            rater.user_id,
        )
    assert await database.fetchval("SELECT sum(rating_count) FROM movie_stats") == 3000
    await user.users.DeleteAccount(RIGHT)
    assert await database.fetchval("SELECT sum(rating_count) FROM movie_stats") == 1000
    assert await database.fetch(RATING_FIGURES) == []


async def test_the_audit_trail_records_the_erasure_and_its_actor(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    await user.users.DeleteAccount(RIGHT)
    event = await database.fetchrow("SELECT * FROM audit_log WHERE action = 'users.erase'")
    assert event is not None
    assert (event["actor_user_id"], event["resource"]) == (user.user_id, f"users/{user.user_id}")
    assert (event["outcome"], event["detail"]) == ("ok", "{}")


async def test_the_last_superuser_cannot_be_erased(client: Client, database: asyncpg.Connection) -> None:
    user = await client.promoted(await client.registered(), superuser=True)
    gone = await client.promoted(await client.registered(), superuser=True)
    await database.execute("UPDATE users SET is_active = false WHERE id = $1", gone.user_id)
    refusal = await refused(user.users.DeleteAccount(RIGHT))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "LAST_SUPERUSER")
    assert await database.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", user.user_id) == 2


async def test_one_superuser_remains_after_concurrent_erasures(client: Client, database: asyncpg.Connection) -> None:
    users = [await client.promoted(await client.registered(), superuser=True) for _ in range(4)]
    answers = await asyncio.gather(*(user.users.DeleteAccount(RIGHT) for user in users), return_exceptions=True)
    assert await database.fetchval("SELECT count(*) FROM users") == 1
    (refusal,) = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert refusal.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_concurrent_erasures_of_one_account_erase_it_once(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    answers = await asyncio.gather(*(user.users.DeleteAccount(RIGHT) for _ in range(4)), return_exceptions=True)
    codes = {answer.code() for answer in answers if isinstance(answer, grpc.aio.AioRpcError)}
    assert codes == {grpc.StatusCode.UNAUTHENTICATED}
    assert len([answer for answer in answers if isinstance(answer, users_pb2.DeleteAccountResponse)]) == 1
    assert await database.fetchval("SELECT count(*) FROM audit_log WHERE action = 'users.erase'") == 1


async def test_catalogue_images_that_an_erased_user_uploaded_stay(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    file = await uploaded(client.as_staff(user.user_id), "POSTER", movie_id=movie_id)
    await client.as_service("media.register").media.RegisterFile(register(file.key))
    await user.users.DeleteAccount(RIGHT)
    row = await database.fetchrow("SELECT state, uploader_id, movie_id FROM files WHERE id = $1", file.id)
    assert row is not None
    assert tuple(row) == ("ready", None, movie_id)
    assert await database.fetchval("SELECT poster_id FROM movies") == file.id
    assert await database.fetchval("SELECT count(*) FROM file_renditions") == 4


@pytest.mark.parametrize("state", ["pending", "ready", "rejected", "expired"])
async def test_only_the_storage_location_of_an_avatar_remains(
    client: Client, database: asyncpg.Connection, state: str
) -> None:
    user = await client.registered()
    file = await uploaded(user)
    if state in {"ready", "rejected"}:
        await client.as_service("media.register").media.RegisterFile(register(file.key))
    await database.execute(
        "UPDATE files SET state = $1::text, rejection_detail = 'why',"
        " rejection_reason = CASE WHEN $1 = 'rejected' THEN 'corrupt' ELSE '' END",
        state,
    )
    await user.users.DeleteAccount(RIGHT)
    row = await database.fetchrow("SELECT * FROM files")
    assert row is not None
    assert (row["state"], row["key"], row["bucket"]) == ("deleted", file.key, "marquee-uploads")
    erased_columns = (
        "uploader_id",
        "file_name",
        "sha256",
        "declared_sha256",
        "thumbhash",
        "dominant_color",
        "rejection_detail",
    )
    assert not any(row[name] for name in erased_columns)
    assert await database.fetchval("SELECT count(*) FROM file_renditions") == 0


async def test_a_late_processing_result_restores_nothing(client: Client, database: asyncpg.Connection) -> None:
    user = await client.registered()
    file = await uploaded(user)
    await user.users.DeleteAccount(RIGHT)
    await client.as_service("media.register").media.RegisterFile(register(file.key))
    assert await database.fetchval("SELECT state FROM files") == "deleted"
    assert await database.fetchval("SELECT count(*) FROM file_renditions") == 0


async def test_a_concurrent_processing_result_restores_nothing(client: Client, database: asyncpg.Connection) -> None:
    service = client.as_service("media.register")
    for _ in range(5):
        user = await client.registered()
        file = await uploaded(user)
        await asyncio.gather(user.users.DeleteAccount(RIGHT), service.media.RegisterFile(register(file.key)))
    assert await database.fetchval("SELECT count(*) FROM users") == 0
    assert await database.fetchval("SELECT count(*) FROM files WHERE state <> 'deleted' OR uploader_id > 0") == 0
    assert await database.fetchval("SELECT count(*) FROM file_renditions") == 0
