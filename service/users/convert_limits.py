"""Limits on the rate of calls as messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from marquee.users.v1 import rate_limit_pb2

from service.api.protobuf import timestamp
from service.ratelimit.limiter import Standing


def to_rate_limit(standing: Standing) -> rate_limit_pb2.RateLimit:
    """Returns the message of a caller's standing; while calls remain, they are free from this moment on."""
    return rate_limit_pb2.RateLimit(
        method_class=standing.method_class,
        limit=standing.limit,
        remaining=standing.remaining,
        window=Duration(seconds=standing.window),
        reset_time=timestamp(datetime.now(UTC) + timedelta(seconds=standing.free_in)),
    )
