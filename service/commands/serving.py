"""Commands that serve, and that tell how a server is set and does."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from rich.table import Table

from service.commands.terminal import console
from service.observability import logging as logs
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.supervisor.supervisor import EventSink

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def serve(settings: Settings) -> int:
    """Runs the supervisor with its workers until a signal; returns the exit code."""
    from service.auth.keys import KeysUnusable
    from service.supervisor.ports import PortTaken, require_free, reserve_port
    from service.supervisor.supervisor import Supervisor
    from service.supervisor.worker_process import WorkerSpec

    logs.configure(settings)
    environment = dict(os.environ)
    with ExitStack() as resources:
        try:
            port = reserve_port(settings.port, purpose="gRPC", variable="MARQUEE_PORT", host=settings.host)
            resources.callback(port.close)
            on_event: EventSink = _log_event
            if settings.http_port:
                require_free(settings.http_port, purpose="HTTP", variable="MARQUEE_HTTP_PORT", host=settings.host)
                folder = _serve_http(settings, resources)
                environment["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
                on_event = partial(_log_and_forget, folder)
        except (PortTaken, KeysUnusable) as error:
            sys.stderr.write(f"marquee: {error}\n")
            return os.EX_CONFIG
        supervisor = Supervisor(
            WorkerSpec((sys.executable, "-m", "service", "worker"), environment),
            workers=settings.workers,
            # A worker that drains in time must not be killed while it closes its pools.
            grace=settings.drain_grace + 5,
            on_event=on_event,
        )
        return asyncio.run(supervisor.run())


def _serve_http(settings: Settings, resources: ExitStack) -> Path:
    """Serves metrics and public keys; returns the folder that workers share their figures in."""
    from service.auth.key_folder import KeyFolder
    from service.observability.metrics import metrics_app
    from service.supervisor.http import jwks_app, routed, serve_http

    keys = KeyFolder.from_settings(settings)
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="marquee-metrics-")))
    app = routed({"/metrics": metrics_app(folder), "/.well-known/jwks.json": jwks_app(keys)})
    resources.callback(serve_http(app, host=settings.host, port=settings.http_port))
    return folder


def _log_event(name: str, fields: Mapping[str, object]) -> None:
    log.info(name, **fields)


def _log_and_forget(folder: Path, name: str, fields: Mapping[str, object]) -> None:
    """Logs an event and drops the live figures of a worker that ended."""
    from service.observability.metrics import forget_worker

    _log_event(name, fields)
    if name == "worker_exited":
        forget_worker(int(str(fields["pid"])), folder)


def run_worker(settings: Settings) -> int:
    """Runs one worker; returns its exit code, EX_CONFIG for what a restart cannot mend."""
    import uvloop

    from service.auth.keys import KeysUnusable
    from service.auth.policy import PolicyMissing
    from service.server.worker import serve as serve_worker

    logs.configure(settings, worker=int(os.environ.get("MARQUEE_WORKER", "0")))
    try:
        return uvloop.run(serve_worker(settings))
    except (ValueError, KeysUnusable, PolicyMissing) as error:
        log.error("configuration", error=str(error))  # noqa: TRY400 - the sentence says it all
        return os.EX_CONFIG


def check_health(address: str, *, service: str) -> int:
    """Prints what the health service says; returns 0 for SERVING, else 1."""
    from service.cli.health_client import ask_health

    state = ask_health(address, service=service)
    console.print(f"{address}: {state}")
    return int(state != "SERVING")


def print_settings(settings: Settings) -> None:
    """Prints each setting's variable, value and meaning; secrets are masked."""
    table = Table("variable", "value", "meaning")
    for name, field in Settings.model_fields.items():
        table.add_row(f"MARQUEE_{name.upper()}", str(getattr(settings, name)), field.description or "")
    console.print(table)
