"""A server with the real interceptors around a handler that the test writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.message import Message
from marquee.catalog.v1 import movies_pb2

from service.auth.principal import ANONYMOUS, Principal
from service.interceptors.chain import Chain
from service.observability.access_log import AccessLog
from service.ratelimit.limiter import RateLimiter
from service.server.application import interceptors
from service.server.options import server_options
from service.settings import Settings

GET_MOVIE = "/marquee.catalog.v1.CatalogService/GetMovie"
Handler = Callable[[Any, Any], Awaitable[Message]]


class AnonymousVerifier:
    """Accepts every token as anonymous."""

    def verify(self, token: str) -> Principal:
        """Returns the anonymous principal."""
        del token
        return ANONYMOUS


class RecordedMetrics:
    """Records the metrics that the server reports."""

    def __init__(self) -> None:
        self.active = 0
        self.codes: list[str] = []

    def call_started(self, method: str) -> None:
        """Counts a call that started."""
        assert method.startswith("/")
        self.active += 1

    def call_ended(self, method: str, code: str, seconds: float) -> None:
        """Records the code of a call that ended."""
        assert method.startswith("/")
        assert seconds >= 0
        self.active -= 1
        self.codes.append(code)

    def publish(self) -> None:
        """Does nothing: every metric is recorded at once."""

    def update_cache(self, kind: str, events: Mapping[str, int], size_bytes: int) -> None:
        """Ignores the state of a cache."""

    def cache_invalidated(self, kind: str, delay: float) -> None:
        """Ignores an invalidation."""


async def no_wait() -> None:
    """Replaces the wait for own writes: nothing is cached."""


class Served:
    """A running server; its one rpc replaces GetMovie."""

    def __init__(self, target: str, channel: grpc.aio.Channel, chain: Chain, metrics: RecordedMetrics) -> None:
        self.target = target
        self.channel = channel
        self.chain = chain
        self.metrics = metrics

    def call(self, *, timeout: float | None = 10, **options: Any) -> Any:
        """Calls the rpc with a valid request."""
        return self.call_on(self.channel, timeout=timeout, **options)

    def call_on(self, channel: grpc.aio.Channel, *, timeout: float | None = 10, **options: Any) -> Any:
        """Calls the rpc over another channel."""
        rpc: Any = channel.unary_unary(
            GET_MOVIE,
            request_serializer=movies_pb2.GetMovieRequest.SerializeToString,
            response_deserializer=movies_pb2.GetMovieResponse.FromString,
        )
        return rpc(movies_pb2.GetMovieRequest(id=1), timeout=timeout, **options)


@asynccontextmanager
async def serving(settings: Settings, handler: Handler) -> AsyncIterator[Served]:
    """Serves `handler` as GetMovie behind the interceptors of the real server."""
    metrics = RecordedMetrics()
    chain = Chain(
        interceptors(
            settings,
            verifier=AnonymousVerifier(),
            metrics=metrics,
            access_log=AccessLog(),
            rate_limiter=RateLimiter.from_settings(settings, shared_store=None),
            wait_for_own_writes=no_wait,
        )
    )
    server = grpc.aio.server(handlers=[chain], options=server_options(settings))
    method = grpc.unary_unary_rpc_method_handler(
        handler,
        request_deserializer=movies_pb2.GetMovieRequest.FromString,
        response_serializer=movies_pb2.GetMovieResponse.SerializeToString,
    )
    service, _, name = GET_MOVIE[1:].partition("/")
    chain.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {name: method}),))
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        async with grpc.aio.insecure_channel(target) as channel:
            yield Served(target, channel, chain, metrics)
    finally:
        await server.stop(1)
        await chain.wait_until_idle()
