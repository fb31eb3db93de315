"""Readiness through the health service: it depends on the database and its schema; liveness does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service.database import migrations
from service.local.postgres import EmbeddedPostgres
from service.media.storage import S3UploadStorage
from service.server.application import service_names
from service.server.readiness import LIVENESS
from service.settings import Settings
from tests.conftest import SettingsFactory
from tests.outage import own_postgres, seconds_until, served
from tests.proxy import proxied

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
# There are two checks a second, and each waits one second at most.
NOT_SERVING_WITHIN = 2.0
SERVING_WITHIN = 5.0


class Health:
    """The health service of one server."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stub: Any = health_pb2_grpc.HealthStub(channel)

    async def state(self, service: str = "") -> int:
        answer = await self.stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        return int(answer.status)

    async def seconds_until(self, state: int) -> float:
        async def reached() -> bool:
            return await self.state() == state

        return await seconds_until(reached)


@pytest.fixture(scope="module")
def separate_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that tests may stop."""
    with own_postgres(tmp_path_factory.mktemp("separate")) as server:
        yield server


async def test_each_service_and_the_whole_server_have_a_status(channel: grpc.aio.Channel) -> None:
    health = Health(channel)
    for name in ("", LIVENESS, *service_names()):
        assert await health.state(name) == SERVING
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await health.state("marquee.absent.v1.AbsentService")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_server_outlives_its_database(
    separate_postgres: EmbeddedPostgres, make_settings: SettingsFactory, storage: S3UploadStorage
) -> None:
    separate_postgres.ensure_database("separate")
    settings = make_settings(database_url=separate_postgres.url("separate"))
    await migrations.up(settings)
    await asyncio.to_thread(separate_postgres.stop)
    async with served(settings, storage) as here:
        health = Health(here.channel)
        assert {await health.state(name) for name in ("", *service_names())} == {NOT_SERVING}
        for _ in range(2):
            await asyncio.to_thread(separate_postgres.start)
            assert await health.seconds_until(SERVING) < SERVING_WITHIN
            await here.client.registered()
            await asyncio.to_thread(separate_postgres.stop)
            assert await health.seconds_until(NOT_SERVING) < NOT_SERVING_WITHIN
            assert await health.state(LIVENESS) == SERVING
    await asyncio.to_thread(separate_postgres.start)


async def test_a_database_that_stops_answering_is_detected(
    postgres: EmbeddedPostgres, settings: Settings, storage: S3UploadStorage
) -> None:
    async with proxied(postgres.socket_dir) as proxy, served(proxy.behind(settings), storage) as here:
        health = Health(here.channel)
        assert await health.state() == SERVING
        await proxy.fail("black hole")
        assert await health.seconds_until(NOT_SERVING) < NOT_SERVING_WITHIN
        await proxy.recover()
        assert await health.seconds_until(SERVING) < SERVING_WITHIN


async def test_an_older_schema_is_not_ready_until_it_is_migrated(
    settings: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    await migrations.down(settings)
    async with served(settings, storage) as here:
        health = Health(here.channel)
        assert await health.state() == NOT_SERVING
        assert await health.state(LIVENESS) == SERVING
        await migrations.up(settings)
        assert await health.seconds_until(SERVING) < SERVING_WITHIN
        await database.execute("DROP TABLE aerich")
        assert await health.seconds_until(NOT_SERVING) < NOT_SERVING_WITHIN


async def test_a_watching_client_receives_each_change(
    settings: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    async with served(settings, storage) as here:
        watch = Health(here.channel).stub.Watch(health_pb2.HealthCheckRequest(), timeout=20)
        assert (await watch.read()).status == SERVING
        await database.execute("ALTER TABLE aerich RENAME TO mislaid")
        assert (await watch.read()).status == NOT_SERVING
        # Unreadable rows must not end the checks.
        await database.execute("CREATE TABLE aerich AS SELECT id, app, 'nonsense' AS version FROM mislaid")
        await asyncio.sleep(0.7)
        await database.execute("DROP TABLE aerich")
        await database.execute("ALTER TABLE mislaid RENAME TO aerich")
        assert (await watch.read()).status == SERVING
        watch.cancel()
