"""Prometheus metrics: each worker counts, the supervisor sums and serves them.

Workers share their metrics through files in the folder PROMETHEUS_MULTIPROC_DIR. prometheus_client reads that variable
when it is first imported, so a worker imports this module only after the supervisor has set it.

The counts of calls are collected and published twice a second. This replaces three updates of prometheus_client for
each call and saves a sixth of the CPU time of a hot GetMovie (docs/performance.md, "Written for speed").
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

PUBLISH_INTERVAL = 0.5
"""Longest time in seconds between a call and its publication."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
"""Seconds, from a cached read to the server's own deadline."""


@dataclass(slots=True)
class _Unpublished:
    """Counts of one method's calls since the last publication."""

    in_progress: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))


class PrometheusMetrics:
    """Metrics of one worker."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        self._in_progress = Gauge(
            "marquee_calls_in_progress",
            "Calls that have started and not ended",
            ["method"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._durations = Histogram(
            "marquee_call_duration_seconds", "Duration of calls", ["method"], buckets=BUCKETS, registry=registry
        )
        self._calls = Counter("marquee_calls", "Calls that ended", ["method", "code"], registry=registry)
        self._cache_events = Counter(
            "marquee_response_cache_events",
            "Lookups, invalidations and evictions of the response caches",
            ["kind", "event"],
            registry=registry,
        )
        self._cache_bytes = Gauge(
            "marquee_response_cache_bytes",
            "Size of the cached responses",
            ["kind"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._invalidation_delays = Histogram(
            "marquee_response_cache_invalidation_delay_seconds",
            "Time from a write to the removal of the old response from a worker's cache",
            ["kind"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._unpublished: dict[str, _Unpublished] = {}
        self._is_scheduled = False
        self._published_events: dict[tuple[str, str], int] = {}

    def call_started(self, method: str) -> None:
        """Counts a call that starts."""
        self._of(method).in_progress += 1
        self._schedule_publication()

    def call_ended(self, method: str, code: str, seconds: float) -> None:
        """Counts a call that ended, by the name of its canonical code."""
        unpublished = self._of(method)
        unpublished.in_progress -= 1
        unpublished.codes[code] = unpublished.codes.get(code, 0) + 1
        unpublished.seconds += seconds
        unpublished.buckets[bisect_left(BUCKETS, seconds)] += 1
        self._schedule_publication()

    def publish(self) -> None:
        """Writes the collected counts to the shared files. A write at every call would cost more than most calls do."""
        for method, unpublished in self._unpublished.items():
            self._in_progress.labels(method).set(unpublished.in_progress)
            for code, count in unpublished.codes.items():
                self._calls.labels(method, code).inc(count)
            # The public API of prometheus_client takes only one duration at a time.
            histogram: Any = self._durations.labels(method)
            histogram._sum.inc(unpublished.seconds)  # noqa: SLF001
            for bucket, count in zip(histogram._buckets, unpublished.buckets, strict=True):  # noqa: SLF001
                bucket.inc(count)
            self._unpublished[method] = _Unpublished(in_progress=unpublished.in_progress)
        self._is_scheduled = False

    def _schedule_publication(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_later(PUBLISH_INTERVAL, self.publish)

    def _of(self, method: str) -> _Unpublished:
        unpublished = self._unpublished.get(method)
        if unpublished is None:
            unpublished = self._unpublished[method] = _Unpublished()
        return unpublished

    def update_cache(self, kind: str, events: Mapping[str, int], size_bytes: int) -> None:
        """Publishes a cache's totals since its creation, and its current size."""
        for event, count in events.items():
            self._cache_events.labels(kind, event).inc(count - self._published_events.get((kind, event), 0))
            self._published_events[kind, event] = count
        self._cache_bytes.labels(kind).set(size_bytes)

    def cache_invalidated(self, kind: str, delay: float) -> None:
        """Counts the seconds from a write's notification to its arrival in this worker."""
        self._invalidation_delays.labels(kind).observe(delay)


def metrics_app(folder: Path) -> WSGIApplication:
    """Returns an application that answers with the sum of all workers' metrics."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call] # prometheus_client is typed in part
    app: WSGIApplication = make_wsgi_app(registry)
    return app


def remove_worker_metrics(pid: int, folder: Path) -> None:
    """Removes the gauges of a worker that has exited."""
    multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call] # as above
