"""gRPC server options: message sizes, keepalive, connection age."""

from __future__ import annotations

from service.settings import Settings


def server_options(settings: Settings) -> list[tuple[str, int]]:
    """Returns the channel arguments that grpc.aio.server takes."""
    max_age = int(settings.connection_max_age * 1000)
    return [
        # The workers share the port, and the supervisor reserves it.
        ("grpc.so_reuseport", int(settings.port != 0)),
        ("grpc.max_receive_message_length", settings.max_request_bytes),
        ("grpc.max_send_message_length", settings.max_response_bytes),
        ("grpc.max_metadata_size", settings.max_metadata_bytes),
        ("grpc.absolute_max_metadata_size", settings.max_metadata_bytes * 2),
        # One connection may use all calls that the concurrency limits allow, and some more for health checks.
        ("grpc.max_concurrent_streams", settings.max_concurrent_calls + settings.max_concurrent_streams + 64),
        # Detects dead peers within 30 seconds, and allows clients to ping as often as gRPC's guide permits.
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", 3),
        ("grpc.max_connection_age_ms", max_age),
        ("grpc.max_connection_age_grace_ms", int(settings.deadline * 1000)),
        ("grpc.max_connection_idle_ms", max_age),
    ]
