"""Metrics in Prometheus' format: counted in each worker, summed and served by the supervisor.

Workers share figures through files in a folder that PROMETHEUS_MULTIPROC_DIR names; prometheus_client reads that
variable when it is first imported, so a worker imports this module only after the supervisor has set it.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app, multiprocess

INTERVAL = 0.5
"""Seconds that figures about calls are held back at most."""
# From a cached read to the server's own deadline.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


@dataclass(slots=True)
class _Held:
    """What became of a method's calls since it was last published."""

    under_way: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))


class PrometheusMetrics:
    """Call metrics of one worker, as the metrics interceptor reports them."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        self._under_way = Gauge(
            "marquee_calls_under_way",
            "Calls being handled",
            ["method"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._seconds = Histogram(
            "marquee_call_seconds", "Duration of calls", ["method"], buckets=BUCKETS, registry=registry
        )
        self._calls = Counter("marquee_calls", "Calls that ended", ["method", "code"], registry=registry)
        self._replies = Counter(
            "marquee_replies",
            "Replies asked of the cache, dropped from it and evicted",
            ["kind", "event"],
            registry=registry,
        )
        self._reply_bytes = Gauge(
            "marquee_reply_cache_bytes", "Bytes kept", ["kind"], registry=registry, multiprocess_mode="livesum"
        )
        self._staleness = Histogram(
            "marquee_reply_staleness_seconds",
            "From a write to the moment that a worker no longer gives the reply from before it",
            ["kind"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._calls_held: dict[str, _Held] = {}
        self._is_due = False
        self._told: dict[tuple[str, str], int] = {}

    def started(self, method: str) -> None:
        """A call began."""
        self._held(method).under_way += 1
        self._publish_soon()

    def ended(self, method: str, code: str, seconds: float) -> None:
        """A call ended with a canonical code's name."""
        held = self._held(method)
        held.under_way -= 1
        held.codes[code] = held.codes.get(code, 0) + 1
        held.seconds += seconds
        held.buckets[bisect_left(BUCKETS, seconds)] += 1
        self._publish_soon()

    def publish(self) -> None:
        """Hands over what was held back: writing shared files at every call would cost more than most calls do."""
        for method, held in self._calls_held.items():
            self._under_way.labels(method).set(held.under_way)
            for code, count in held.codes.items():
                self._calls.labels(method, code).inc(count)
            # prometheus_client takes durations one at a time, so its own parts are filled.
            histogram: Any = self._seconds.labels(method)
            histogram._sum.inc(held.seconds)  # noqa: SLF001
            for bucket, count in zip(histogram._buckets, held.buckets, strict=True):  # noqa: SLF001
                bucket.inc(count)
            self._calls_held[method] = _Held(under_way=held.under_way)
        self._is_due = False

    def _publish_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(INTERVAL, self.publish)

    def _held(self, method: str) -> _Held:
        held = self._calls_held.get(method)
        if held is None:
            held = self._calls_held[method] = _Held()
        return held

    def replies_kept(self, kind: str, events: Mapping[str, int], size_bytes: int) -> None:
        """Takes what a cache did since its beginning, and what it holds."""
        for event, count in events.items():
            self._replies.labels(kind, event).inc(count - self._told.get((kind, event), 0))
            self._told[kind, event] = count
        self._reply_bytes.labels(kind).set(size_bytes)

    def reply_invalidated(self, kind: str, delay: float) -> None:
        """Takes the seconds from a write's announcement to its arrival."""
        self._staleness.labels(kind).observe(delay)


def metrics_app(folder: Path) -> WSGIApplication:
    """Returns what answers with the sum of the workers' figures."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call] # prometheus_client is typed in part
    app: WSGIApplication = make_wsgi_app(registry)
    return app


def forget_worker(pid: int, folder: Path) -> None:
    """Drops the live gauges of a worker that ended."""
    multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call] # as above
