"""Metrics in Prometheus' format: counted in each worker, summed and served by the supervisor.

Workers share figures through files in a folder that PROMETHEUS_MULTIPROC_DIR names; prometheus_client reads that
variable when it is first imported, so a worker imports this module only after the supervisor has set it.
"""

from __future__ import annotations

from pathlib import Path
from wsgiref.types import WSGIApplication

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app, multiprocess

# From a cached read to the server's own deadline.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


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

    def started(self, method: str) -> None:
        """A call began."""
        self._under_way.labels(method).inc()

    def ended(self, method: str, code: str, seconds: float) -> None:
        """A call ended with a canonical code's name."""
        self._under_way.labels(method).dec()
        self._seconds.labels(method).observe(seconds)
        self._calls.labels(method, code).inc()


def metrics_app(folder: Path) -> WSGIApplication:
    """Returns what answers with the sum of the workers' figures."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call] # prometheus_client is typed in part
    app: WSGIApplication = make_wsgi_app(registry)
    return app


def forget_worker(pid: int, folder: Path) -> None:
    """Drops the live gauges of a worker that ended."""
    multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call] # as above
