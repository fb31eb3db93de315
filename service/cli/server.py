"""`marquee serve` and `marquee health`: running a server and asking for its health."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.configuration import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.settings import Settings
    from service.supervisor.supervisor import EventSink


def serve() -> None:
    """Serve with MARQUEE_WORKERS processes on one port, until SIGTERM."""
    sys.exit(_run_supervisor(read_settings(serving=True)))


def worker() -> None:
    """Serve in this process only; `serve` starts its workers with this command."""
    # `serve` has printed the warnings already.
    sys.exit(_run_worker(read_settings(serving=True, warn=False)))


def health(
    address: Annotated[str, typer.Option(help="host:port of the server; default: the address in the settings.")] = "",
    service: Annotated[str, typer.Option(help="Name of one gRPC service; default: the whole server.")] = "",
) -> None:
    """Print the health of a server; exit 0 if it serves, 1 if not."""
    from service.cli.output import print_line
    from service.server.health_client import get_health

    settings = read_settings()
    address = address or f"{settings.host}:{settings.port}"
    state = get_health(address, service=service)
    print_line(f"{address}: {state}")
    sys.exit(int(state != "SERVING"))


def _run_supervisor(settings: Settings) -> int:
    """Runs the supervisor with its workers until a signal; returns the exit code."""
    from service.auth.keys import KeysUnusable
    from service.cli.error_messages import system_message
    from service.observability import logging as logs
    from service.supervisor.ports import PortInUse, require_free_port, reserve_port
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
                require_free_port(settings.http_port, purpose="HTTP", variable="MARQUEE_HTTP_PORT", host=settings.host)
                folder = _serve_http(settings, resources)
                environment["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
                on_event = partial(_log_and_forget_metrics, folder)
        except (PortInUse, KeysUnusable) as error:
            sys.stderr.write(f"marquee: {error}\n")
            return os.EX_CONFIG
        except OSError as error:
            address = f"MARQUEE_HOST={settings.host} with MARQUEE_PORT={settings.port}"
            sys.stderr.write(f"marquee: {address}: {system_message(error)}\n")
            return os.EX_CONFIG
        supervisor = Supervisor(
            WorkerSpec((sys.executable, "-m", "service", "worker"), environment),
            workers=settings.workers,
            # 5 s more than the drain, so that a worker that drains in time can also close its pools.
            grace=settings.drain_grace + 5,
            on_event=on_event,
        )
        return asyncio.run(supervisor.run())


def _serve_http(settings: Settings, resources: ExitStack) -> Path:
    """Serves metrics and public keys; returns the folder in which the workers share their metrics."""
    from service.auth.key_folder import KeyFolder
    from service.observability.metrics import metrics_app
    from service.supervisor.http_endpoint import jwks_app, route, serve_http

    keys = KeyFolder.from_settings(settings)
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="marquee-metrics-")))
    app = route({"/metrics": metrics_app(folder), "/.well-known/jwks.json": jwks_app(keys)})
    resources.callback(serve_http(app, host=settings.host, port=settings.http_port))
    return folder


def _log_event(name: str, fields: Mapping[str, object]) -> None:
    import structlog

    structlog.get_logger().info(name, **fields)


def _log_and_forget_metrics(folder: Path, name: str, fields: Mapping[str, object]) -> None:
    """Logs an event and, if a worker ended, removes its live metrics."""
    from service.observability.metrics import remove_worker_metrics

    _log_event(name, fields)
    if name == "worker.exited":
        remove_worker_metrics(int(str(fields["pid"])), folder)


def _run_worker(settings: Settings) -> int:
    """Runs one worker; returns its exit code, EX_CONFIG for problems that a restart cannot fix."""
    import structlog
    import uvloop

    from service.auth.keys import KeysUnusable
    from service.auth.policy import PolicyMissing
    from service.observability import logging as logs
    from service.server.worker import serve as serve_worker

    logs.configure(settings, worker=int(os.environ.get("MARQUEE_WORKER", "0")))
    try:
        return uvloop.run(serve_worker(settings))
    except (ValueError, KeysUnusable, PolicyMissing) as error:
        # The message is complete; a traceback would add nothing.
        structlog.get_logger().error("configuration", error=str(error))
        return os.EX_CONFIG
