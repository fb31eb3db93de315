"""gRPC application of one worker: the only list of services and interceptors, and its start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Protocol, cast

import grpc
import structlog
from google.protobuf.descriptor import FileDescriptor
from grpc_health.v1 import health_pb2, health_pb2_grpc
from marquee.catalog.v1 import catalog_pb2
from marquee.favorites.v1 import favorites_pb2
from marquee.media.v1 import media_pb2
from marquee.recommendations.v1 import recommendations_pb2
from marquee.users.v1 import users_pb2

from service.auth.key_folder import KeyFolder
from service.auth.passwords import PasswordHasher
from service.auth.policy import require_rules
from service.caching.invalidation import CacheMetrics
from service.composition import compose
from service.database import orm
from service.interceptors.authentication import Verifier, authenticate
from service.interceptors.call_metrics import CallMetrics, record_call_metrics
from service.interceptors.chain import Chain, Interceptor
from service.interceptors.client_info import identify_client
from service.interceptors.concurrency_limits import ConcurrencyLimitInterceptor
from service.interceptors.deadline import DeadlineInterceptor
from service.interceptors.dry_run import dry_run
from service.interceptors.errors import map_errors
from service.interceptors.field_mask import apply_field_mask
from service.interceptors.idempotency import deduplicate
from service.interceptors.rate_limit import limit_rate, limit_rejected_calls
from service.interceptors.read_your_writes import WaitForOwnWrites, read_your_writes
from service.interceptors.request_id import assign_request_id
from service.interceptors.stream_reauthentication import reauthenticate_streams
from service.interceptors.token_audit import TokenAuditInterceptor
from service.interceptors.validation import validate_request
from service.media.storage import S3UploadStorage, UploadStorage
from service.observability.access_log import AccessLog
from service.ratelimit.limiter import RateLimiter
from service.ratelimit.redis_storage import SharedStore
from service.server.housekeeping import Housekeeping
from service.server.options import server_options
from service.server.readiness import Readiness
from service.server.reflection import add_reflection
from service.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
HANDOVER_TIME = 0.1
"""Seconds within which gRPC passes a received call to its handler."""
REAUTHENTICATION_INTERVAL = 5.0
"""Seconds after which a stream whose token expired or was revoked ends, at most."""
# Streams that end only when the client ends them, so that they never drain.
ENDLESS = ("/marquee.catalog.v1.CatalogService/WatchChanges", "/marquee.media.v1.MediaService/WatchFile")
HEALTH = cast("FileDescriptor", health_pb2.DESCRIPTOR)
SERVICES = tuple(
    service
    for schema in (
        users_pb2.DESCRIPTOR,
        catalog_pb2.DESCRIPTOR,
        favorites_pb2.DESCRIPTOR,
        recommendations_pb2.DESCRIPTOR,
        media_pb2.DESCRIPTOR,
    )
    for service in schema.services_by_name.values()
)
"""Descriptors of our own services, each of which one domain registers."""


def interceptors(
    settings: Settings,
    *,
    verifier: Verifier,
    metrics: CallMetrics,
    access_log: AccessLog,
    rate_limiter: RateLimiter,
    wait_for_own_writes: WaitForOwnWrites,
) -> Sequence[Interceptor]:
    """Returns the interceptors, the outermost first; a comment gives the reason for the place of each."""
    return (
        # Outermost: an exception that passes it leaks to the client.
        map_errors,
        # Before everything that logs; a refused call has an id, too.
        assign_request_id,
        # Outside of everything that refuses calls: a refusal is recorded like a response.
        partial(record_call_metrics, metrics=metrics, access_log=access_log),
        # Limits everything that may wait, including authentication.
        DeadlineInterceptor(unary=settings.deadline, stream=settings.stream_deadline),
        # Before any work is done for a call that is refused.
        ConcurrencyLimitInterceptor(unary=settings.max_concurrent_calls, streams=settings.max_concurrent_streams),
        # Before everything that counts calls by peer.
        partial(identify_client, trusted_proxies=settings.trusted_proxies),
        # Around authentication: counts the calls that it rejects.
        partial(limit_rejected_calls, limiter=rate_limiter),
        # Around authentication: records the forged tokens that it rejects.
        TokenAuditInterceptor(),
        # Before validation: a caller without permission learns nothing about the request.
        partial(authenticate, verifier=verifier),
        # Inside authentication, whose check it repeats during a long stream.
        partial(reauthenticate_streams, verifier=verifier, interval=REAUTHENTICATION_INTERVAL),
        # After authentication, because it counts by principal; before validation, which may be expensive.
        partial(limit_rate, limiter=rate_limiter),
        # Everything inside sees only requests that the contract allows.
        validate_request,
        # Before the handler, which an invalid mask must not run; outside of the stored responses, which stay whole.
        apply_field_mask,
        # Outside of the two transactions below: it waits for what they committed.
        partial(read_your_writes, wait_for_own_writes=wait_for_own_writes),
        # Outside of deduplication: a dry run stores no response.
        dry_run,
        # Innermost: one transaction around the request_id and the handler.
        deduplicate,
    )


def full_methods() -> list[str]:
    """Returns `/package.Service/Method` of every rpc of our own services and of health."""
    services = (*SERVICES, HEALTH.services_by_name["Health"])
    return [f"/{service.full_name}/{rpc.name}" for service in services for rpc in service.methods]


def service_names() -> list[str]:
    """Returns the full names of our own services."""
    return [service.full_name for service in SERVICES]


class ServerMetrics(CallMetrics, CacheMetrics, Protocol):
    """Receiver of the metrics of calls and caches."""


class MarqueeServer:
    """One process's gRPC server with its database, from start to drained end."""

    def __init__(self, settings: Settings, *, metrics: ServerMetrics, storage: UploadStorage | None = None) -> None:
        """Checks the settings and the policy table; raises ValueError, KeysUnusable, PolicyMissing."""
        require_rules(full_methods())
        self._settings = settings.for_serving()
        self._keys = KeyFolder.from_settings(settings)
        self._shared_store = SharedStore.from_settings(settings)
        self._metrics = metrics
        self._storage = storage
        self._resources = AsyncExitStack()

    async def start(self) -> int:
        """Starts serving and returns the port.

        If the database is unreachable, health is NOT_SERVING until it is back. Raises RuntimeError if the port is in
        use.
        """
        settings = self._settings
        # In this coroutine and before the server starts: otherwise no handler has the database's context variable.
        await self._resources.enter_async_context(orm.connected(settings))
        passwords = PasswordHasher.from_settings(settings)
        self._resources.callback(passwords.close)
        if self._shared_store is not None:
            self._resources.push_async_callback(self._shared_store.close)
        await self._keys.start()
        self._resources.push_async_callback(self._keys.close)
        access_log = AccessLog.from_settings(settings)
        self._resources.callback(access_log.flush)
        self._resources.callback(self._metrics.publish)
        composition = compose(
            settings,
            passwords=passwords,
            keys=self._keys,
            storage=self._storage or S3UploadStorage.from_settings(settings),
            shared_store=self._shared_store,
            metrics=self._metrics,
        )
        await composition.start(self._resources)
        self._chain = Chain(
            interceptors(
                settings,
                verifier=composition.verifier,
                metrics=self._metrics,
                access_log=access_log,
                rate_limiter=composition.rate_limiter,
                wait_for_own_writes=composition.listener.wait_for_own_writes,
            ),
            endless=ENDLESS,
        )
        for domain in composition.domains():
            domain.register(self._chain)
        self._server = grpc.aio.server(handlers=[self._chain], options=server_options(settings))
        housekeeping = Housekeeping(settings, jobs=composition.jobs())
        housekeeping.start()
        self._resources.push_async_callback(housekeeping.close)
        self._readiness = Readiness(settings, services=service_names())
        self._resources.push_async_callback(self._readiness.close)
        health_pb2_grpc.add_HealthServicer_to_server(self._readiness.servicer, cast("Any", self._chain))
        if settings.reflection:
            add_reflection(self._chain, [*service_names(), HEALTH.services_by_name["Health"].full_name])
        port = self._server.add_insecure_port(f"{settings.host}:{settings.port}")
        await self._readiness.start()
        await self._server.start()
        log.info("server.started", host=settings.host, port=port)
        return port

    async def stop(self, grace: float) -> bool:
        """Drains: health becomes NOT_SERVING, running calls may end within `grace` seconds, then everything is closed.

        Returns False if calls had to be cancelled; their clean-up has finished as well.
        """
        await self._readiness.drain()
        self._chain.end_endless_streams()
        in_time = not await self._stop_calls(grace)
        await self._resources.aclose()
        log.info("server.stopped", drained=in_time)
        return in_time

    async def _stop_calls(self, grace: float) -> bool:
        """Stops the server; returns whether calls had to be cancelled."""
        before = self._chain.cancelled
        ending_early = asyncio.create_task(self._end_grace_early())
        await self._server.stop(grace)
        ending_early.cancel()
        # gRPC's stop returns before cancelled handlers have cleaned up, so they are awaited separately.
        await self._chain.wait_until_idle()
        return self._chain.cancelled > before

    async def _end_grace_early(self) -> None:
        """Ends the grace period when every handler has ended.

        When gRPC begins to stop, it no longer passes received calls to handlers. Without this, such calls would hang
        for the whole grace period before they are cancelled.
        """
        await self._chain.wait_until_idle()
        await asyncio.sleep(HANDOVER_TIME)
        await self._chain.wait_until_idle()
        await self._server.stop(None)
