"""A worker refuses calls above its limit, with a retry hint."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from marquee.catalog.v1 import movies_pb2

from service.interceptors.chain import Rpc
from service.interceptors.concurrency_limits import ConcurrencyLimitInterceptor
from service.settings import Settings
from tests.client import Client, refused
from tests.conftest import SettingsFactory
from tests.interceptors.fakes import serving


def separate_channel(target: str) -> grpc.aio.Channel:
    """Returns a channel with its own connection."""
    return grpc.aio.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)])


class Gate:
    """A handler that waits until the test opens it."""

    def __init__(self) -> None:
        self.inside = 0
        self.opened = asyncio.Event()

    async def __call__(self, _request: object, _context: object) -> movies_pb2.GetMovieResponse:
        self.inside += 1
        try:
            await self.opened.wait()
        finally:
            self.inside -= 1
        return movies_pb2.GetMovieResponse()

    async def until(self, inside: int) -> None:
        while self.inside != inside:  # noqa: ASYNC110 - the gate has no event for each number
            await asyncio.sleep(0.005)


async def test_a_call_above_the_limit_is_refused_with_a_hint(make_settings: SettingsFactory) -> None:
    gate = Gate()
    # On one connection, the stream limit of gRPC would make the third call wait.
    async with serving(make_settings(max_concurrent_calls=2), gate) as served, asyncio.timeout(10):
        others = [separate_channel(served.target) for _ in range(2)]
        waiting = [served.call_on(channel) for channel in others]
        await gate.until(2)
        refusal = await refused(served.call())
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
        assert refusal.details["RetryInfo"].retry_delay.ToMilliseconds() == 500
        assert refusal.details["QuotaFailure"].violations[0].subject == "unary calls"
        gate.opened.set()
        await asyncio.gather(*waiting)
        await served.call()
        for channel in others:
            await channel.close()


async def test_a_cancelled_call_frees_its_place(make_settings: SettingsFactory) -> None:
    gate = Gate()
    async with serving(make_settings(max_concurrent_calls=1), gate) as served, asyncio.timeout(10):
        for _ in range(3):
            waiting = asyncio.ensure_future(served.call())
            await gate.until(1)
            waiting.cancel()
            await gate.until(0)
        gate.opened.set()
        await served.call()


@pytest.mark.parametrize("service", ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"])
def test_health_and_reflection_have_no_limit(service: str) -> None:
    async def handler(_request: object, _call: object) -> None: ...

    for streaming in (False, True):
        rpc = Rpc(f"/{service}/Any", streaming, streaming)
        assert ConcurrencyLimitInterceptor(unary=0, streams=0)(rpc, handler) is handler


class TestWholeServer:
    @pytest.fixture
    def settings(self, make_settings: SettingsFactory, database_url: str) -> Settings:
        return make_settings(database_url=database_url, max_concurrent_calls=1)

    async def test_health_answers_at_the_limit(self, client: Client, port: int) -> None:
        """Health watches are open for long, so they must not count either."""
        async with separate_channel(f"127.0.0.1:{port}") as other:
            health: Any = health_pb2_grpc.HealthStub(other)
            watch = health.Watch(health_pb2.HealthCheckRequest())
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
            await client.catalog.ListMovies(movies_pb2.ListMoviesRequest())
            # On the same connection, the stream limit of gRPC would make the next call wait.
            watch.cancel()
            answer = await health.Check(health_pb2.HealthCheckRequest())
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
