"""Revocations reach every worker in time; a worker without current revocations accepts no token."""

from __future__ import annotations

import asyncio
import time
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
MAX_DELAY = 5.0
"""Seconds within which a revocation reaches every worker."""


async def reason(client: Client) -> str:
    """Returns the reason of the refusal of a call with the client's token, or ""."""
    try:
        await client.users.GetProfile(OWN)
    except grpc.aio.AioRpcError:
        return (await refused(client.users.GetProfile(OWN))).reason
    return ""


@pytest.mark.parametrize("pooler", Pooler)
async def test_a_logout_reaches_every_worker(settings: Settings, storage: S3UploadStorage, pooler: Pooler) -> None:
    """It does so behind a pooler, too, which delivers no notifications."""
    settings = settings.model_copy(update={"database_pooler": pooler})
    async with served(settings, storage) as one, served(settings, storage) as other:
        user = await one.client.registered()
        there = other.client.with_token(str(user.token))
        assert (await there.users.GetProfile(OWN)).user.id == user.user_id
        await user.users.Logout(users_pb2.LogoutRequest())

        async def is_refused() -> bool:
            return await reason(there) == await reason(user) == "TOKEN_INVALID"

        await seconds_until(is_refused, within=MAX_DELAY)


async def test_a_worker_that_starts_later_knows_earlier_revocations(
    settings: Settings, storage: S3UploadStorage
) -> None:
    async with served(settings, storage) as one:
        user = await one.client.registered()
        await user.users.Logout(users_pb2.LogoutRequest())
    async with served(settings, storage) as later:
        assert await reason(later.client.with_token(str(user.token))) == "TOKEN_INVALID"


async def test_a_worker_without_its_database_accepts_no_token(
    postgres: EmbeddedPostgres, settings: Settings, storage: S3UploadStorage
) -> None:
    """Otherwise a stolen token would stay valid during an outage."""
    async with proxied(postgres.socket_dir) as proxy, served(proxy.behind(settings), storage) as here:
        user = await here.client.registered()
        request = users_pb2.GetJwksRequest()
        await user.users.GetJwks(request)
        await proxy.fail("black hole")

        async def is_unavailable() -> bool:
            try:
                await user.users.GetJwks(request)
            except grpc.aio.AioRpcError as error:
                return error.code() is grpc.StatusCode.UNAVAILABLE
            return False

        await seconds_until(is_unavailable)
        refusal = await refused(user.users.GetJwks(request))
        assert (refusal.reason, "RetryInfo" in refusal.details) == ("REVOCATIONS_UNKNOWN", True)
        await here.client.users.GetJwks(request)
        proxy.mode = "pass"
        await proxy.break_all()

        async def is_available() -> bool:
            return not await is_unavailable()

        await seconds_until(is_available)


async def test_one_failed_read_is_no_outage(
    postgres: EmbeddedPostgres, settings: Settings, storage: S3UploadStorage
) -> None:
    async with proxied(postgres.socket_dir) as proxy, served(proxy.behind(settings), storage) as here:
        user = await here.client.registered()
        for _ in range(3):
            await proxy.break_all()
            await asyncio.sleep(0.3)
            await user.catalog.ListMovies(movies_pb2.ListMoviesRequest())


async def test_the_scope_of_each_revocation(settings: Settings, listener: Listener) -> None:
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
        results = {
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
    assert results == {
        ("of the session", 0): False,
        ("of another session", 0): True,
        ("before the epoch", 2): False,
        ("of the epoch", 3): True,
        ("of an erased user", ERASED_EPOCH - 1): False,
        ("of another user", 0): True,
    }


async def test_a_row_of_a_long_transaction_is_not_missed(
    settings: Settings, database: asyncpg.Connection, listener: Listener
) -> None:
    """Its time is the start of the transaction, before rows that were already read."""
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

    await seconds_until(is_read, within=MAX_DELAY)
    await revocations.close()


async def test_before_the_first_read_no_token_is_accepted(settings: Settings) -> None:
    with pytest.raises(RevocationsUnknown):
        Revocations(Listener(settings)).is_revoked(TokenIdentity("x"))


def test_the_staleness_limit_fits_the_maximum_delay() -> None:
    assert STALE_AFTER + 1.0 <= MAX_DELAY


async def test_closing_ends_although_a_notification_comes_at_the_same_moment(settings: Settings) -> None:
    listener = Listener(settings)
    for steps in range(4):
        revocations = Revocations(listener)
        await revocations.start()
        await asyncio.sleep(0.01)
        listener._publish_gap()  # noqa: SLF001 - as when the connection is lost
        for _ in range(steps):
            await asyncio.sleep(0)
        closed_at = time.monotonic()
        async with asyncio.timeout(5):
            await revocations.close()
        assert time.monotonic() - closed_at < 4, "it did not need the timeout, whose cancellation would end it as well"
