"""Revocations reach every worker in time, by whatever way, or no token is vouched for."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movies_pb2
from marquee.users.v1 import users_pb2

from service.auth.principal import UserId
from service.auth.revocations import (
    ERASED_EPOCH,
    STALE_AFTER,
    Revocations,
    RevocationsUnknown,
    RevocationWriter,
    TokenIdentity,
)
from service.database import orm
from service.database.listener import Listener
from service.local.postgres import EmbeddedPostgres
from service.media.storage import S3UploadStorage
from service.settings import Pooler, Settings
from tests.client import Client, refused
from tests.outage import seconds_until, served
from tests.proxy import proxied

OWN = users_pb2.GetProfileRequest()
PROMISED = 5.0


async def reason(client: Client) -> str:
    """Returns why a call with the client's token is refused, or ""."""
    try:
        await client.users.GetProfile(OWN)
    except grpc.aio.AioRpcError:
        return (await refused(client.users.GetProfile(OWN))).reason
    return ""


@pytest.mark.parametrize("pooler", Pooler)
async def test_an_end_is_felt_on_every_worker(settings: Settings, storage: S3UploadStorage, pooler: Pooler) -> None:
    """Also where a pooler keeps announcements from coming through."""
    settings = settings.model_copy(update={"database_pooler": pooler})
    async with served(settings, storage) as one, served(settings, storage) as other:
        user = await one.client.registered()
        there = other.client.with_token(str(user.token))
        assert (await there.users.GetProfile(OWN)).user.id == user.user_id
        await user.users.Logout(users_pb2.LogoutRequest())

        async def is_dead() -> bool:
            return await reason(there) == await reason(user) == "TOKEN_INVALID"

        await seconds_until(is_dead, within=PROMISED)


async def test_a_worker_that_starts_later_knows_as_well(settings: Settings, storage: S3UploadStorage) -> None:
    async with served(settings, storage) as one:
        user = await one.client.registered()
        await user.users.Logout(users_pb2.LogoutRequest())
    async with served(settings, storage) as later:
        assert await reason(later.client.with_token(str(user.token))) == "TOKEN_INVALID"


async def test_without_its_database_a_worker_vouches_for_no_token(
    postgres: EmbeddedPostgres, settings: Settings, storage: S3UploadStorage
) -> None:
    """Else a stolen token would outlive its end for as long as an outage lasts."""
    async with proxied(postgres.socket_dir) as proxy, served(proxy.behind(settings), storage) as here:
        user = await here.client.registered()
        rates = users_pb2.GetJwksRequest()
        await user.users.GetJwks(rates)
        await proxy.fail("black hole")

        async def is_unsure() -> bool:
            try:
                await user.users.GetJwks(rates)
            except grpc.aio.AioRpcError as error:
                return error.code() is grpc.StatusCode.UNAVAILABLE
            return False

        await seconds_until(is_unsure)
        refusal = await refused(user.users.GetJwks(rates))
        assert (refusal.reason, "RetryInfo" in refusal.details) == ("REVOCATIONS_UNKNOWN", True)
        await here.client.users.GetJwks(rates)
        proxy.mode = "pass"
        await proxy.break_all()

        async def is_sure() -> bool:
            return not await is_unsure()

        await seconds_until(is_sure)


async def test_one_reading_that_fails_is_no_outage(
    postgres: EmbeddedPostgres, settings: Settings, storage: S3UploadStorage
) -> None:
    async with proxied(postgres.socket_dir) as proxy, served(proxy.behind(settings), storage) as here:
        user = await here.client.registered()
        for _ in range(3):
            await proxy.break_all()
            await asyncio.sleep(0.3)
            await user.catalog.ListMovies(movies_pb2.ListMoviesRequest())


async def test_what_is_revoked_and_what_is_not(settings: Settings, listener: Listener) -> None:
    session, other = uuid4(), uuid4()
    writer = RevocationWriter(access_ttl=60)
    async with orm.connected(settings):
        async with orm.transaction():
            await writer.revoke_sessions([session])
            await writer.revoke_user(UserId(7), before_epoch=3)
            await writer.revoke_user(UserId(7), before_epoch=2)
            await writer.revoke_erased(UserId(8))
        revocations = Revocations(listener)
        await revocations.start()
        verdicts = {
            (name, epoch): not revocations.is_revoked(TokenIdentity("x", str(sid), UserId(user_id), epoch))
            for name, sid, user_id, epoch in [
                ("of the session", session, 1, 0),
                ("of another session", other, 1, 0),
                ("before the epoch", other, 7, 2),
                ("of the epoch", other, 7, 3),
                ("of an erased user", other, 8, ERASED_EPOCH - 1),
                ("of another user", other, 9, 0),
            ]
        }
        await revocations.close()
    assert verdicts == {
        ("of the session", 0): False,
        ("of another session", 0): True,
        ("before the epoch", 2): False,
        ("of the epoch", 3): True,
        ("of an erased user", ERASED_EPOCH - 1): False,
        ("of another user", 0): True,
    }


async def test_a_row_of_a_transaction_that_took_long_is_not_missed(
    settings: Settings, database: asyncpg.Connection, listener: Listener
) -> None:
    """It is dated by its beginning, before rows that were read meanwhile."""
    slow = await asyncpg.connect(settings.database_url.get_secret_value())
    insert = "INSERT INTO revocations (subject, expires_at) VALUES ($1, now() + interval '1 hour')"
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(insert, "token:slow")
    await database.execute(insert, "token:quick")
    revocations = Revocations(listener)
    await revocations.start()
    quick, late = TokenIdentity("quick"), TokenIdentity("slow")
    assert (revocations.is_revoked(quick), revocations.is_revoked(late)) == (True, False)
    await transaction.commit()
    await slow.close()

    async def is_read() -> bool:
        return revocations.is_revoked(late)

    await seconds_until(is_read, within=PROMISED)
    await revocations.close()


async def test_before_the_first_reading_nothing_is_known(settings: Settings) -> None:
    with pytest.raises(RevocationsUnknown):
        Revocations(Listener(settings)).is_revoked(TokenIdentity("x"))


def test_the_promise_leaves_room() -> None:
    assert STALE_AFTER + 1.0 <= PROMISED
