"""One worker process: serves until a signal or the exit of its supervisor, then drains."""

from __future__ import annotations

import asyncio
import gc
import os
import signal

import structlog

from service.observability.metrics import PrometheusMetrics
from service.server.application import MarqueeServer
from service.settings import Settings
from service.supervisor.worker_process import notify_ready, wait_for_parent_exit

log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def serve(settings: Settings) -> int:
    """Serves and returns the exit code: 0 when all calls ended in time, 1 when calls had to be cancelled.

    A second signal ends the process at once with code 1. Raises ValueError, KeysUnusable or PolicyMissing for errors
    that a restart cannot fix.
    """
    stop_requested = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stop_requested, number.name)
    server = MarqueeServer(settings, metrics=PrometheusMetrics())
    await server.start()
    # These objects live as long as the process. A full collection that visited them would delay every call by 60 ms.
    gc.collect()
    gc.freeze()
    notify_ready()
    parent_exited = asyncio.create_task(wait_for_parent_exit())
    signalled = asyncio.create_task(stop_requested.wait())
    await asyncio.wait({parent_exited, signalled}, return_when=asyncio.FIRST_COMPLETED)
    log.info("server.stop_requested", supervisor_exited=parent_exited.done())
    drained = await server.stop(settings.drain_grace)
    return 0 if drained else 1


def _on_signal(stop_requested: asyncio.Event, name: str) -> None:
    if stop_requested.is_set():
        log.warning("server.stop_forced", signal=name)
        os._exit(1)
    stop_requested.set()
