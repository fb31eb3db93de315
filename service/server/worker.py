"""One worker process: serves until it is told to stop or its supervisor is gone, then drains."""

from __future__ import annotations

import asyncio
import gc
import os
import signal

import structlog

from service.observability.metrics import PrometheusMetrics
from service.server.application import MarqueeServer
from service.settings import Settings
from service.supervisor.worker_link import announce_ready, parent_gone

log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def serve(settings: Settings) -> int:
    """Serves and returns the exit code: 0 when drained in time, 1 when calls had to be cancelled.

    A second signal ends the process at once with code 1. Raises ValueError, KeysUnusable or PolicyMissing for what
    a restart cannot mend.
    """
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, told_to_stop, number.name)
    server = MarqueeServer(settings, metrics=PrometheusMetrics())
    await server.start()
    # What stands now stays: a full collection that went through all of it would hold up every call for 60 ms.
    gc.collect()
    gc.freeze()
    announce_ready()
    orphaned = asyncio.create_task(parent_gone())
    stopping = asyncio.create_task(told_to_stop.wait())
    await asyncio.wait({orphaned, stopping}, return_when=asyncio.FIRST_COMPLETED)
    log.info("stopping", orphaned=orphaned.done())
    drained = await server.stop(settings.drain_grace)
    return 0 if drained else 1


def _on_signal(told_to_stop: asyncio.Event, name: str) -> None:
    if told_to_stop.is_set():
        log.warning("stopped at once", signal=name)
        os._exit(1)
    told_to_stop.set()
