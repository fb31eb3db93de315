"""The server application: its interceptors and services, the errors at start, and draining."""

from __future__ import annotations

import asyncio
from functools import partial
from inspect import isfunction
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from marquee.catalog.v1 import movies_pb2

from service.auth import policy
from service.auth.keys import KeysUnusable
from service.auth.policy import PolicyMissing
from service.interceptors.authentication import authenticate
from service.interceptors.call_metrics import record_call_metrics
from service.interceptors.chain import Chain, Interceptor
from service.interceptors.client_info import identify_client
from service.interceptors.concurrency_limits import ConcurrencyLimitInterceptor
from service.interceptors.deadline import DeadlineInterceptor
from service.interceptors.dry_run import dry_run
from service.interceptors.errors import map_errors
from service.interceptors.field_mask import apply_field_mask
from service.interceptors.idempotency import deduplicate
from service.interceptors.rate_limit import limit_rate, limit_rejected_calls
from service.interceptors.read_your_writes import read_your_writes
from service.interceptors.request_id import assign_request_id
from service.interceptors.stream_reauthentication import reauthenticate_streams
from service.interceptors.token_audit import TokenAuditInterceptor
from service.interceptors.validation import validate_request
from service.media.storage import S3UploadStorage
from service.observability.access_log import AccessLog
from service.ratelimit.limiter import RateLimiter
from service.server.application import SERVICES, MarqueeServer, full_methods, interceptors, service_names
from service.server.options import server_options
from service.server.readiness import LIVENESS
from service.settings import Settings
from tests.catalogue import add_movie
from tests.client import Client, refused
from tests.conftest import SettingsFactory
from tests.interceptors.fakes import AnonymousVerifier, RecordedMetrics, no_wait

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def test_the_order_of_the_interceptors(make_settings: SettingsFactory) -> None:
    """The order decides which errors can leak, which calls are logged, and which check comes first."""
    limiter = RateLimiter.from_settings(make_settings(), shared_store=None)
    chain = interceptors(
        make_settings(),
        verifier=AnonymousVerifier(),
        metrics=RecordedMetrics(),
        access_log=AccessLog(),
        rate_limiter=limiter,
        wait_for_own_writes=no_wait,
    )
    assert [defined_as(interceptor) for interceptor in chain] == [
        map_errors,
        assign_request_id,
        record_call_metrics,
        DeadlineInterceptor,
        ConcurrencyLimitInterceptor,
        identify_client,
        limit_rejected_calls,
        TokenAuditInterceptor,
        authenticate,
        reauthenticate_streams,
        limit_rate,
        validate_request,
        apply_field_mask,
        read_your_writes,
        dry_run,
        deduplicate,
    ]


def defined_as(interceptor: Interceptor) -> object:
    """Returns the function or class of an interceptor, without its collaborators."""
    if isinstance(interceptor, partial):
        return interceptor.func
    return interceptor if isfunction(interceptor) else type(interceptor)


def test_every_service_is_listed() -> None:
    assert service_names() == [
        "marquee.users.v1.UsersService",
        "marquee.catalog.v1.CatalogService",
        "marquee.favorites.v1.FavoritesService",
        "marquee.recommendations.v1.RecommendationsService",
        "marquee.media.v1.MediaService",
    ]
    protos = {path.parts[-3] for path in (Path(__file__).parents[2] / "protos" / "marquee").glob("*/v1/*.proto")}
    assert {service.full_name.split(".")[1] for service in SERVICES} == protos


def test_every_rpc_has_a_policy_rule() -> None:
    for full_method in full_methods():
        assert policy.rule_for(full_method) is policy.POLICY[full_method]


async def test_every_rpc_is_served(client: Client) -> None:
    """No rpc answers an anonymous, empty request with UNIMPLEMENTED."""
    for full_method in full_methods():
        if full_method.endswith("/Watch"):
            continue
        rpc: Any = client.channel.unary_unary(full_method)
        call = rpc(b"", timeout=10)
        assert await call.code() is not grpc.StatusCode.UNIMPLEMENTED, full_method


def test_an_rpc_without_a_policy_rule_prevents_the_start() -> None:
    with pytest.raises(PolicyMissing, match="XService/New"):
        policy.require_rules([*full_methods(), "/marquee.x.v1.XService/New"])


async def test_an_rpc_without_a_policy_rule_cannot_be_called(make_settings: SettingsFactory) -> None:
    limiter = RateLimiter.from_settings(make_settings(), shared_store=None)
    chain = Chain(
        interceptors(
            make_settings(),
            verifier=AnonymousVerifier(),
            metrics=RecordedMetrics(),
            access_log=AccessLog(),
            rate_limiter=limiter,
            wait_for_own_writes=no_wait,
        )
    )

    class Details:
        method = "/marquee.x.v1.XService/New"

    handler: Any = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")
    chain.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("marquee.x.v1.XService", {"New": handler})])
    with pytest.raises(PolicyMissing):
        chain.service(Details())


@pytest.mark.parametrize("missing", ["index_key", "page_token_key", "data_keys"])
def test_a_server_without_its_keys_does_not_start(make_settings: SettingsFactory, missing: str) -> None:
    with pytest.raises(ValueError, match=f"MARQUEE_{missing.upper()}"):
        MarqueeServer(make_settings(**{missing: ""}), metrics=RecordedMetrics())


def test_a_server_without_a_signing_key_does_not_start(make_settings: SettingsFactory, tmp_path: Path) -> None:
    with pytest.raises(KeysUnusable):
        MarqueeServer(make_settings(keys_dir=tmp_path), metrics=RecordedMetrics())


def test_the_settings_limit_grpc(make_settings: SettingsFactory) -> None:
    settings = make_settings(workers=2, port=50051, max_request_bytes=2048, max_response_bytes=4096)
    options = dict(server_options(settings))
    assert options["grpc.so_reuseport"] == 1
    assert options["grpc.max_receive_message_length"] == 2048
    assert options["grpc.max_send_message_length"] == 4096
    assert options["grpc.max_metadata_size"] == settings.max_metadata_bytes
    assert options["grpc.absolute_max_metadata_size"] == settings.max_metadata_bytes * 2
    assert options["grpc.max_concurrent_streams"] >= settings.max_concurrent_calls
    assert options["grpc.max_connection_age_ms"] == settings.connection_max_age * 1000
    assert options["grpc.max_connection_age_grace_ms"] >= settings.deadline * 1000
    assert options["grpc.keepalive_time_ms"] <= 30_000
    assert dict(server_options(make_settings()))["grpc.so_reuseport"] == 0, (
        "a port that the system chooses is not shared"
    )


async def health_of(channel: grpc.aio.Channel, service: str) -> Any:
    health: Any = health_pb2_grpc.HealthStub(channel)
    return (await health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)).status


async def test_every_service_has_a_health_status(channel: grpc.aio.Channel) -> None:
    for name in ("", LIVENESS, *service_names()):
        assert await health_of(channel, name) == SERVING
    assert (await refused(health_of(channel, "marquee.x.v1.XService"))).code is grpc.StatusCode.NOT_FOUND


async def test_a_server_without_its_database_starts_unready(
    make_settings: SettingsFactory, storage: S3UploadStorage
) -> None:
    settings = make_settings(database_url="postgresql://127.0.0.1:1/none", database_connect_timeout=0.5)
    server = MarqueeServer(settings, metrics=RecordedMetrics(), storage=storage)
    port = await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert await health_of(channel, "") == NOT_SERVING
            assert await health_of(channel, LIVENESS) == SERVING
            client = Client(channel, settings)
            refusal = await refused(client.catalog.ListMovies(movies_pb2.ListMoviesRequest()))
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNREACHABLE")
            assert "127.0.0.1" not in refusal.message
    finally:
        await server.stop(1)


async def test_a_draining_server_reports_it_and_lets_calls_end(
    settings: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    await add_movie(database)
    metrics = RecordedMetrics()
    server = MarqueeServer(settings, metrics=metrics, storage=storage)
    port = await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel, asyncio.timeout(20):
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == SERVING
        async with database.transaction():
            await database.execute("LOCK TABLE movies IN ACCESS EXCLUSIVE MODE")
            call = asyncio.ensure_future(Client(channel, settings).catalog.ListMovies(movies_pb2.ListMoviesRequest()))
            while metrics.active < 2:  # noqa: ASYNC110 - the watch and the call; the metrics have no event
                await asyncio.sleep(0.01)
            stopping = asyncio.create_task(server.stop(5))
            assert (await watch.read()).status == NOT_SERVING
        assert len((await call).movies) == 1
        assert await stopping, "nothing had to be cancelled"


async def test_calls_that_have_no_handler_yet_do_not_hang(settings: Settings, storage: S3UploadStorage) -> None:
    """A stopping server starts no more handlers; calls that had arrived must end long before the grace period."""
    server = MarqueeServer(settings, metrics=RecordedMetrics(), storage=storage)
    port = await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = Client(channel, settings)
        await client.catalog.ListMovies(movies_pb2.ListMoviesRequest())
        calls = [asyncio.ensure_future(client.catalog.ListMovies(movies_pb2.ListMoviesRequest())) for _ in range(40)]
        await asyncio.sleep(0.02)
        async with asyncio.timeout(20):
            await server.stop(60)
            answers = await asyncio.gather(*calls, return_exceptions=True)
    assert len(answers) == 40
    for answer in answers:
        if not isinstance(answer, movies_pb2.ListMoviesResponse):
            assert isinstance(answer, grpc.aio.AioRpcError)
            assert answer.code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
