"""Limits on the rate of calls as messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from marquee.users.v1 import rate_limit_pb2

from service.api.protobuf import timestamp
from service.ratelimit.limiter import RateLimitStatus


def to_rate_limit(status: RateLimitStatus) -> rate_limit_pb2.RateLimit:
    """Returns the message of a caller's status; while calls remain, they are free from this moment on."""
    return rate_limit_pb2.RateLimit(
        method_class=status.method_class,
        limit=status.limit,
        remaining=status.remaining,
        window=Duration(seconds=status.window),
        reset_time=timestamp(datetime.now(UTC) + timedelta(seconds=status.retry_after)),
    )
